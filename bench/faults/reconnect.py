"""P3: when a server dies, its sockets come to another one all at once, and are told what they missed.

python -m bench.faults.reconnect [--sockets 2000] [--missed 20] [--quick]
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from typing import Any

from bench.faults.ground import Facts, Process, open_many, percentile, planted, report_row, serving
from bench.faults.socket_client import Address, Sender, Socket

QUICK_SOCKETS = 300
LONGEST = 60
AT_MOST = {"seconds": 12, "not_resumed": 0, "entries_lost": 0, "entries_doubled": 0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.reconnect")
    parser.add_argument("--sockets", type=int, default=2000)
    parser.add_argument("--missed", type=int, default=20, help="messages said while they were away")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SOCKETS} sockets")
    asked = parser.parse_args()
    count = QUICK_SOCKETS if asked.quick else asked.sockets
    with planted(guests=count + 1) as facts, serving(2) as (dying, other):
        figures = asyncio.run(crash_and_return(dying, other, facts, count, asked.missed))
    return report_row("P3", figures, AT_MOST)


async def crash_and_return(dying: Process, other: Process, facts: Facts, count: int, missed: int) -> dict[str, Any]:
    sockets = await open_many(dying.address, facts.group, facts.tokens[:count])
    sender = await Sender.open(other.address, facts.group, facts.tokens[count])
    await sender.say("Before")
    await asyncio.sleep(1)
    os.kill(dying.pid, signal.SIGKILL)
    codes = await asyncio.gather(*(socket.closed for socket in sockets))
    for number in range(missed):
        await sender.say(f"Missed {number}")
    returned = [Returning() for _ in range(count)]
    started, used = time.perf_counter(), other.processor_seconds()
    comings = (
        each.come(other.address, facts.group, token, 1) for each, token in zip(returned, facts.tokens, strict=False)
    )
    await asyncio.wait([asyncio.ensure_future(coming) for coming in comings], timeout=LONGEST)
    waits = [each.resumed_at - started for each in returned if each.resumed_at]
    seen = [seq for each in returned for seq in each.seqs]
    distinct = sum(len(set(each.seqs)) for each in returned)
    return {
        "sockets": count,
        "cut": sum(code == 1006 for code in codes),
        "seconds": round(max(waits, default=LONGEST), 2),
        "p50_seconds": round(percentile(waits, 0.5), 2) if waits else None,
        "server_busy_seconds": round(other.processor_seconds() - used, 2),
        "not_resumed": count - len(waits),
        "entries_lost": count * missed - distinct,
        "entries_doubled": len(seen) - distinct,
    }


class Returning:
    """A client that comes back, as one does: it opens its socket, and asks for what came after what it has."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.resumed_at = 0.0
        self._resumed = asyncio.Event()

    async def come(self, address: Address, path: str, token: str, since: int) -> None:
        socket = await Socket.open(address, path, token, self._hear)
        socket.send({"type": "resume", "since": since})
        await self._resumed.wait()

    def _hear(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "message":
            self.seqs.append(frame["seq"])
        elif frame["type"] == "resumed":
            self.resumed_at = time.perf_counter()
            self._resumed.set()


if __name__ == "__main__":
    sys.exit(main())
