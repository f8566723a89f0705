"""K2. Kill PostgreSQL, and start it after a moment or after long, while clients of two servers talk.

python -m tests.faults.kill_the_database [--quick] [--seed 1]
"""

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.chatter import Chatter, judge, present, settled, talking
from tests.faults.ground import Postgres, own_directory, own_postgres, own_redis, stored_messages
from tests.faults.report import asked, report, versions_of
from tests.faults.stage import Stage, set_stage

AT_MOST = {"lost": 0, "doubled": 0, "gaps": 0, "first_ack_seconds": 5}


@dataclass(frozen=True)
class Plan:
    """How long it stays away, each time."""

    away: Sequence[float] = (0.1, 0.3, 1, 2, 3, 4, 6, 9, 13, 20)
    people: int = 20
    rate: float = 100


QUICK = Plan(away=(0.1, 1), people=4)


def main() -> int:
    options = asked(__doc__)
    plan = QUICK if options.quick else Plan()
    with own_directory() as directory, own_redis(directory) as redis, own_postgres(directory) as postgres:
        stage = set_stage(directory, database_url=postgres.url, redis_url=redis.url, people=plan.people)
        figures = asyncio.run(play(stage, postgres, plan, random.Random(options.seed)))
        versions = versions_of(postgres.url, redis.url)
    return report("K2", figures, AT_MOST, seed=options.seed, versions=versions)


async def play(stage: Stage, postgres: Postgres, plan: Plan, chance: random.Random) -> dict[str, float]:
    started = time.monotonic()
    acks = []
    async with stage.serving(2) as servers:
        chatters = stage.chatters([[server.port] for server in servers])
        async with present(chatters):
            async with talking(chatters, rate=plan.rate):
                for away in chance.sample(plan.away, len(plan.away)):
                    await asyncio.sleep(chance.uniform(1, 2))
                    postgres.kill()
                    await asyncio.sleep(away)
                    postgres.start()
                    await postgres.answering()
                    acks.append(await _first_ack(chatters, time.monotonic()))
            await settled(chatters)
    figures = judge(chatters, stored_messages(stage.database_url))
    return {
        **figures,
        "kills": len(plan.away),
        "first_ack_seconds": max(acks),
        "first_acks_seconds": acks,
        "closes": sum(len(chatter.closes) for chatter in chatters),
        "seconds": round(time.monotonic() - started, 1),
    }


async def _first_ack(chatters: Sequence[Chatter], moment: float) -> float:
    """How long after that moment somebody was told that something is stored; for ever, if not within a minute."""
    while time.monotonic() < moment + 60:
        after = [at - moment for chatter in chatters for at in chatter.acks_since(moment)]
        if after:
            return round(min(after), 2)
        await asyncio.sleep(0.05)
    return float("inf")


if __name__ == "__main__":
    sys.exit(main())
