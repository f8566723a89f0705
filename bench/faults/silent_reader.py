"""P6: a client that never reads costs little, is closed soon, and keeps nobody waiting.

python -m bench.faults.silent_reader [--megabytes 300] [--quick]
"""

import argparse
import asyncio
import sys
import time
from contextlib import closing
from typing import Any

from bench.faults.ground import Facts, Process, planted, report_row, serving
from bench.faults.socket_client import Sender, Socket, silent_connection

TEXT = "🍻" * 4000
QUICK_MEGABYTES = 40
IN_FLIGHT = 20
ALLOWANCE = {"SOCKET_FRAMES_AT_ONCE": "1000000"}
# Whatever is sent to the reader passes through the server all the same, and makes it breathe.
WARM_UP = 400
AT_MOST = {"grown_kib": 8 * 1024, "closed_after_seconds": 10, "reader_lost": 0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.silent_reader")
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_MEGABYTES} MB")
    asked = parser.parse_args()
    megabytes = QUICK_MEGABYTES if asked.quick else asked.megabytes
    with planted(guests=3) as facts, serving(**ALLOWANCE) as (server,):
        figures = asyncio.run(talk_at_the_deaf(server, facts, megabytes * 1_000_000 // len(TEXT.encode())))
    return report_row("P6", figures, AT_MOST)


async def talk_at_the_deaf(server: Process, facts: Facts, messages: int) -> dict[str, Any]:
    """One says it, one reads it, and one does not. Closed is who the server no longer has a descriptor for."""
    heard: list[int] = []
    speaker = await Sender.open(server.address, facts.group, facts.tokens[0])
    await Socket.open(server.address, facts.group, facts.tokens[1], lambda frame: heard.append(frame.get("seq", 0)))
    await say_many(speaker, WARM_UP)
    before, descriptors = server.resident_kib(), server.descriptors()
    with closing(silent_connection(server.address, facts.group, facts.tokens[2])):
        watching = asyncio.ensure_future(watch(server, descriptors))
        sent = asyncio.ensure_future(say_many(speaker, messages))
        grown, closed_after = await watching
        await sent
        grown = max(grown, server.resident_kib())
    await asyncio.sleep(1)
    return {
        "sent_megabytes": messages * len(TEXT.encode()) // 1_000_000,
        "grown_kib": grown - before,
        "closed_after_seconds": closed_after,
        "reader_lost": messages + WARM_UP - len(set(heard)),
    }


async def say_many(speaker: Sender, messages: int) -> None:
    for done in range(0, messages, IN_FLIGHT):
        await asyncio.gather(*(speaker.say(TEXT) for _ in range(min(IN_FLIGHT, messages - done))))


async def watch(server: Process, descriptors: int) -> tuple[int, float | None]:
    """The most memory it had, and when the reader was let go, from when it is first spoken to."""
    started, most = time.monotonic(), 0
    while time.monotonic() - started < 30:
        await asyncio.sleep(0.05)
        most = max(most, server.resident_kib())
        if server.descriptors() <= descriptors:
            return most, round(time.monotonic() - started, 1)
    return most, None


if __name__ == "__main__":
    sys.exit(main())
