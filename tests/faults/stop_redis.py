"""K4. Stop Redis (SIGSTOP): it takes connections and says nothing, while clients of two servers talk.

python -m tests.faults.stop_redis [--quick] [--seed 1]
"""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.chatter import Chatter, Said, judge, percentile, present, settled, talking
from tests.faults.ground import Redis, own_database, own_directory, own_redis, stored_messages
from tests.faults.report import asked, report, versions_of
from tests.faults.stage import Stage, set_stage

AT_MOST = {"lost": 0, "doubled": 0, "gaps": 0, "closes": 0, "ack_p99_seconds": 0.3, "unacknowledged_while_stopped": 0}


@dataclass(frozen=True)
class Plan:
    stopped_for: float = 10
    people: int = 20
    rate: float = 100


QUICK = Plan(stopped_for=3, people=4)
# What is sent so long before Redis goes on has all the time it needs to be acknowledged without it.
IN_TIME = 1.5


def main() -> int:
    options = asked(__doc__)
    plan = QUICK if options.quick else Plan()
    with own_database() as database_url, own_directory() as directory, own_redis(directory) as redis:
        stage = set_stage(directory, database_url=database_url, redis_url=redis.url, people=plan.people)
        figures = asyncio.run(play(stage, redis, plan))
        versions = versions_of(database_url, redis.url)
    return report("K4", figures, AT_MOST, seed=options.seed, versions=versions)


async def play(stage: Stage, redis: Redis, plan: Plan) -> dict[str, float]:
    async with stage.serving(2) as servers:
        chatters = stage.chatters([[server.port] for server in servers])
        async with present(chatters):
            async with talking(chatters, rate=plan.rate):
                await asyncio.sleep(1)
                stopped_at = time.monotonic()
                redis.signal(signal.SIGSTOP)
                await asyncio.sleep(plan.stopped_for)
                redis.signal(signal.SIGCONT)
                went_on_at = time.monotonic()
                await asyncio.sleep(1)
            await settled(chatters)
            closes = sum(len(chatter.closes) for chatter in chatters)
    waits = waits_for_acks(chatters, stopped_at, went_on_at - 0.3)
    return {
        **judge(chatters, stored_messages(stage.database_url)),
        "stopped_seconds": round(went_on_at - stopped_at, 1),
        "sent_while_stopped": len(waits),
        "unacknowledged_while_stopped": unacknowledged(chatters, stopped_at, went_on_at),
        "ack_p99_seconds": percentile(waits),
        "ack_most_seconds": percentile(waits, 1),
        "closes": closes,
    }


def waits_for_acks(chatters: Sequence[Chatter], start: float, end: float) -> list[float]:
    """How long each message that was sent between those moments waited for its ack."""
    sent = sent_between(chatters, start, end)
    return [float("inf") if said.acked_at is None else said.acked_at - said.sent_at for said in sent]


def unacknowledged(chatters: Sequence[Chatter], stopped_at: float, went_on_at: float) -> int:
    sent = sent_between(chatters, stopped_at, went_on_at - IN_TIME)
    return sum(said.acked_at is None or said.acked_at > went_on_at for said in sent)


def sent_between(chatters: Sequence[Chatter], start: float, end: float) -> list[Said]:
    return [said for chatter in chatters for said in chatter.said.values() if start <= said.sent_at <= end]


if __name__ == "__main__":
    sys.exit(main())
