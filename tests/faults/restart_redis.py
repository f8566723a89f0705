"""K3. Kill Redis and start it again, at once or later, while clients of two servers talk.

    python -m tests.faults.restart_redis [--quick] [--seed 1]

A delay is counted from when a message was sent, or from when Redis answered again, to when another client heard it.
"""

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.chatter import Chatter, judge, percentile, present, settled, talking
from tests.faults.ground import Redis, own_database, own_directory, own_redis, stored_messages
from tests.faults.report import asked, report, versions_of
from tests.faults.stage import Stage, set_stage

AT_MOST = {"lost": 0, "doubled": 0, "gaps": 0, "closes": 0, "delay_p99_seconds": 2}


@dataclass(frozen=True)
class Plan:
    restarts: int = 20
    longest_away: float = 4
    people: int = 20
    rate: float = 100


QUICK = Plan(restarts=2, longest_away=0.5, people=4)


@dataclass(frozen=True)
class Outage:
    start: float
    end: float


def main() -> int:
    options = asked(__doc__)
    plan = QUICK if options.quick else Plan()
    with own_database() as database_url, own_directory() as directory, own_redis(directory) as redis:
        stage = set_stage(directory, database_url=database_url, redis_url=redis.url, people=plan.people)
        figures = asyncio.run(play(stage, redis, plan, random.Random(options.seed)))
        versions = versions_of(database_url, redis.url)
    return report("K3", figures, AT_MOST, seed=options.seed, versions=versions)


async def play(stage: Stage, redis: Redis, plan: Plan, chance: random.Random) -> dict[str, float]:
    started = time.monotonic()
    outages = []
    async with stage.serving(2) as servers:
        chatters = stage.chatters([[server.port] for server in servers])
        async with present(chatters):
            async with talking(chatters, rate=plan.rate):
                for _ in range(plan.restarts):
                    await asyncio.sleep(chance.uniform(0.3, 1.5))
                    outages.append(await _restart(redis, chance.uniform(0, plan.longest_away)))
                await asyncio.sleep(1)
            await settled(chatters)
            closes = sum(len(chatter.closes) for chatter in chatters)
    delays = delays_outside(outages, chatters)
    return {
        **judge(chatters, stored_messages(stage.database_url)),
        "restarts": plan.restarts,
        "closes": closes,
        "delay_p99_seconds": percentile(delays),
        "delay_most_seconds": percentile(delays, 1),
        "seconds": round(time.monotonic() - started, 1),
    }


def delays_outside(outages: Sequence[Outage], chatters: Sequence[Chatter]) -> list[float]:
    """How long each message took to everybody; what was sent in an outage is counted from its end."""
    sent_at = {said.seq: said.sent_at for chatter in chatters for said in chatter.said.values()}
    from_when = {seq: _end_of_outage(outages, at) for seq, at in sent_at.items()}
    return [
        max(0.0, heard_at - from_when[seq])
        for chatter in chatters
        for seq, heard_at in enumerate(chatter.heard_at, start=1)
        if seq in from_when
    ]


def _end_of_outage(outages: Sequence[Outage], at: float) -> float:
    return next((outage.end for outage in outages if outage.start <= at <= outage.end), at)


async def _restart(redis: Redis, away: float) -> Outage:
    start = time.monotonic()
    redis.kill()
    await asyncio.sleep(away)
    redis.start()
    await redis.answering()
    return Outage(start, time.monotonic())


if __name__ == "__main__":
    sys.exit(main())
