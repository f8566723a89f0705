"""P9: however many ask at once, the database is held by no more connections than the pool has.

python -m bench.faults.connections [--requests 10000] [--at-once 1000] [--sockets 500] [--quick]
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from itertools import cycle
from typing import Any

import psycopg

from bench import harness
from bench.faults.ground import DATABASE_URL, Facts, Process, open_many, planted, report_row, serving
from bench.faults.socket_client import text_frame
from bench.load import Outcome, http_request, measure, take

POOL_SIZE = 16
QUICK_REQUESTS = 1000
LOOK_EVERY = 0.02
TALKERS = 20
AT_MOST = {"most_connections": POOL_SIZE + 2, "left_connections": POOL_SIZE + 2, "failed": 0, "sockets_closed": 0}
COUNT = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.connections")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=1000)
    parser.add_argument("--sockets", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_REQUESTS} requests")
    asked = parser.parse_args()
    requests = QUICK_REQUESTS if asked.quick else asked.requests
    with planted(guests=asked.sockets) as facts, serving(DATABASE_POOL_SIZE=str(POOL_SIZE)) as (server,):
        figures = asyncio.run(ask_much(server, facts, requests, asked.at_once))
    return report_row("P9", figures, AT_MOST)


async def ask_much(server: Process, facts: Facts, requests: int, at_once: int) -> dict[str, Any]:
    """The sockets talk meanwhile."""
    sockets = await open_many(server.address, facts.group, facts.tokens)
    asked = cycle(http_request("GET", "/offers/?limit=20", token) for token in facts.tokens)
    talking = asyncio.ensure_future(talk([socket.write for socket in sockets[:TALKERS]]))
    counts: list[int] = []
    counting = asyncio.ensure_future(count_connections(counts))
    outcome: Outcome = await measure(server.address, take(asked, requests), at_once=at_once)
    talking.cancel()
    await asyncio.sleep(2)
    counting.cancel()
    return {
        "requests": outcome.requests,
        "at_once": at_once,
        "sockets": len(sockets),
        "requests_per_second": round(outcome.rate),
        "failed": outcome.requests - outcome.statuses[200],
        "sockets_closed": sum(socket.closed.done() for socket in sockets),
        "pool_size": POOL_SIZE,
        "looked": len(counts),
        "most_connections": max(counts),
        "left_connections": counts[-1],
    }


async def talk(writers: list[Callable[[bytes], None]]) -> None:
    for write in cycle(writers):
        write(text_frame('{"message": "Still here"}'))
        await asyncio.sleep(0.01)


async def count_connections(counts: list[int]) -> None:
    name = DATABASE_URL.rpartition("/")[2]
    async with await psycopg.AsyncConnection.connect(harness.MAINTENANCE_URL, autocommit=True) as connection:
        while True:
            found = await (await connection.execute(COUNT, [name])).fetchone()
            counts.append(int(found[0]) if found else 0)
            await asyncio.sleep(LOOK_EVERY)


if __name__ == "__main__":
    sys.exit(main())
