"""P2: sockets that say nothing cost little and are left alone.

python -m bench.faults.idle [--sockets 2000] [--minutes 10] [--quick]
"""

import argparse
import asyncio
import sys

from bench.faults.ground import Facts, Process, open_many, planted, report_row, serving

WARM_UP = 200
SETTLING = 3.0
QUICK_MINUTES = 1 / 3
AT_MOST = {"kib_each": 64, "processor_percent": 3, "closed": 0, "descriptors_left": 20}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.idle")
    parser.add_argument("--sockets", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--quick", action="store_true", help="for twenty seconds")
    asked = parser.parse_args()
    minutes = QUICK_MINUTES if asked.quick else asked.minutes
    with planted(guests=asked.sockets + WARM_UP) as facts, serving() as (server,):
        figures = asyncio.run(hold(server, facts, asked.sockets, minutes * 60))
    return report_row("P2", figures, AT_MOST)


async def hold(server: Process, facts: Facts, count: int, seconds: float) -> dict[str, float]:
    """The sockets are of one room, each of another guest. What the first few bring about once is not counted."""
    for early in await open_many(server.address, facts.group, facts.tokens[count:]):
        early.abort()
    await asyncio.sleep(SETTLING)
    descriptors, before = server.descriptors(), server.resident_kib()
    sockets = await open_many(server.address, facts.group, facts.tokens[:count])
    await asyncio.sleep(SETTLING)
    opened, used = server.resident_kib(), server.processor_seconds()
    await asyncio.sleep(seconds)
    used, held = server.processor_seconds() - used, server.resident_kib()
    closed = sum(socket.closed.done() for socket in sockets)
    for socket in sockets:
        socket.close()
    await asyncio.sleep(SETTLING)
    return {
        "sockets": count,
        "seconds": seconds,
        "kib_each": round((max(opened, held) - before) / count, 1),
        "processor_percent": round(100 * used / seconds, 2),
        "closed": closed,
        "descriptors_left": server.descriptors() - descriptors,
    }


if __name__ == "__main__":
    sys.exit(main())
