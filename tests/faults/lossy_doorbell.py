"""K5. Let the channel layer drop, delay and double what two servers tell each other, while their clients talk.

python -m tests.faults.lossy_doorbell [--quick] [--seed 1]
"""

import asyncio
import sys
from dataclasses import dataclass

from tests.faults.chatter import judge, percentile, present, settled, talk
from tests.faults.ground import own_database, own_directory, own_redis, stored_messages
from tests.faults.lossy_layer import FATES
from tests.faults.report import asked, report, versions_of
from tests.faults.restart_redis import delays_outside
from tests.faults.stage import Stage, set_stage

AT_MOST = {"lost": 0, "doubled": 0, "gaps": 0, "closes": 0, "delay_most_seconds": 17}


@dataclass(frozen=True)
class Plan:
    sends: int = 3000
    people: int = 20
    rate: float = 100


QUICK = Plan(sends=200, people=4, rate=100)


def main() -> int:
    options = asked(__doc__)
    plan = QUICK if options.quick else Plan()
    with own_database() as database_url, own_directory() as directory, own_redis(directory) as redis:
        stage = set_stage(directory, database_url=database_url, redis_url=redis.url, people=plan.people)
        figures = asyncio.run(play(stage, plan, options.seed))
        versions = versions_of(database_url, redis.url)
    return report("K5", figures, AT_MOST, seed=options.seed, versions=versions)


async def play(stage: Stage, plan: Plan, seed: int) -> dict[str, float]:
    lossy = {"DJANGO_SETTINGS_MODULE": "tests.faults.lossy_settings", "LOSSY_SEED": str(seed)}
    async with stage.serving(2, **lossy) as servers:
        chatters = stage.chatters([[server.port] for server in servers])
        async with present(chatters):
            await talk(chatters, plan.sends, rate=plan.rate)
            await settled(chatters)
            # What is doubled or late may still come.
            await asyncio.sleep(2.5)
            closes = sum(len(chatter.closes) for chatter in chatters)
    delays = delays_outside([], chatters)
    return {
        **judge(chatters, stored_messages(stage.database_url)),
        **{f"rings_{fate}": sum(server.said.count(f"a ring is {fate}") for server in servers) for fate in FATES},
        "delay_p50_seconds": percentile(delays, 0.5),
        "delay_p99_seconds": percentile(delays),
        "delay_most_seconds": percentile(delays, 1),
        "closes": closes,
    }


if __name__ == "__main__":
    sys.exit(main())
