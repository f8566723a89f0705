"""P8: sockets that come, say something and go leave nothing behind.

python -m bench.faults.churn [--rounds 100000] [--at-once 50] [--quick]
"""

import argparse
import asyncio
import sys
import time
from typing import Any

from bench.faults.ground import Facts, Process, planted, report_row, serving
from bench.faults.socket_client import Sender

QUICK_ROUNDS = 3000
# What the first ones bring about is how large the process is.
WARM_UP = 20_000
QUICK_WARM_UP = 1500
SETTLING = 4.0
AT_MOST = {"grown_kib": 10 * 1024, "descriptors_left": 3, "failed": 0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.churn")
    parser.add_argument("--rounds", type=int, default=100_000)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds")
    asked = parser.parse_args()
    rounds = QUICK_ROUNDS if asked.quick else asked.rounds
    with planted(guests=asked.at_once) as facts, serving() as (server,):
        figures = asyncio.run(churn(server, facts, rounds, asked.at_once))
    return report_row("P8", figures, AT_MOST)


async def churn(server: Process, facts: Facts, rounds: int, at_once: int) -> dict[str, Any]:
    """Each of them comes, says something, waits for the ack and goes; every other one without a word of goodbye."""
    started = time.monotonic()
    warm_up = WARM_UP if rounds > WARM_UP else QUICK_WARM_UP
    failed = await come_and_go(server, facts, warm_up, at_once)
    await asyncio.sleep(SETTLING)
    before, descriptors = server.resident_kib(), server.descriptors()
    failed += await come_and_go(server, facts, rounds - warm_up, at_once)
    await asyncio.sleep(SETTLING)
    return {
        "rounds": rounds,
        "after_warm_up_kib": before,
        "grown_kib": server.resident_kib() - before,
        "descriptors_left": server.descriptors() - descriptors,
        "failed": failed,
        "seconds": round(time.monotonic() - started),
    }


async def come_and_go(server: Process, facts: Facts, rounds: int, at_once: int) -> int:
    """How many failed."""
    turns = iter(range(rounds))

    async def keep_coming(token: str) -> int:
        failed = 0
        for turn in turns:
            try:
                await visit(server, facts, token, says_goodbye=turn % 2 == 0)
            except ConnectionError:
                failed += 1
        return failed

    return sum(await asyncio.gather(*(keep_coming(token) for token in facts.tokens[:at_once])))


async def visit(server: Process, facts: Facts, token: str, *, says_goodbye: bool) -> None:
    socket = await Sender.open(server.address, facts.group, token)
    await socket.say("Just passing")
    if says_goodbye:
        socket.close()
        await socket.closed
    else:
        socket.abort()


if __name__ == "__main__":
    sys.exit(main())
