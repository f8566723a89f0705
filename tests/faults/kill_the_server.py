"""K1. Kill servers again and again while their clients talk: on PostgreSQL one of two, on SQLite the only one.

python -m tests.faults.kill_the_server [--quick] [--seed 1]
"""

import asyncio
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults.chatter import acknowledged, judge, present, settled, talk, until
from tests.faults.ground import own_database, own_directory, own_redis, stored_messages
from tests.faults.report import asked, report, versions_of
from tests.faults.stage import Stage, set_stage

AT_MOST = {"lost": 0, "doubled": 0, "gaps": 0}


@dataclass(frozen=True)
class Plan:
    sends: int = 10_000
    kills: int = 20
    people: int = 20
    rate: float = 300


QUICK = Plan(sends=300, kills=2, people=4, rate=200)


def main() -> int:
    options = asked(__doc__)
    plan = QUICK if options.quick else Plan()
    with own_database() as database_url, own_directory() as directory, own_redis(directory) as redis:
        stage = set_stage(directory, database_url=database_url, redis_url=redis.url, people=plan.people)
        figures = {"postgres": asyncio.run(play(stage, 2, plan, random.Random(options.seed)))}
        versions = versions_of(database_url, redis.url)
    with own_directory() as directory:
        stage = set_stage(directory, database_url=_sqlite_url(directory), people=plan.people)
        figures["sqlite"] = asyncio.run(play(stage, 1, plan, random.Random(options.seed)))
        versions |= versions_of(stage.database_url, "")
    sums = {name: sum(part[name] for part in figures.values()) for name in AT_MOST}
    return report("K1", {**sums, **figures}, AT_MOST, seed=options.seed, versions=versions)


async def play(stage: Stage, servers: int, plan: Plan, chance: random.Random) -> dict[str, float]:
    started = time.monotonic()
    async with stage.serving(servers) as running:
        ports = [server.port for server in running]
        chatters = stage.chatters([ports[turn:] + ports[:turn] for turn in range(len(ports))])
        async with present(chatters):
            speaking = asyncio.ensure_future(talk(chatters, plan.sends, rate=plan.rate))
            for moment in sorted(chance.sample(range(1, plan.sends), plan.kills)):
                await until(lambda moment=moment: acknowledged(chatters) >= moment, seconds=120)
                await asyncio.sleep(chance.random() / 4)
                victim = chance.choice(running)
                victim.kill()
                victim.start()
                await victim.listening()
            await speaking
            await settled(chatters)
    reconnected = sum(len(chatter.resumed_at) - 1 for chatter in chatters)
    figures = judge(chatters, stored_messages(stage.database_url))
    return {**figures, "kills": plan.kills, "resumes": reconnected, "seconds": round(time.monotonic() - started, 1)}


def _sqlite_url(directory: Path) -> str:
    (directory / "data").mkdir()
    return f"sqlite:///{directory / 'data' / 'db.sqlite3'}"


if __name__ == "__main__":
    sys.exit(main())
