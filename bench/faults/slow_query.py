"""P5: what the database keeps one socket waiting for keeps nobody else waiting.

    python -m bench.faults.slow_query [--echoes 10] [--times 5] [--quick]

Another connection holds the row of one conversation for two seconds, again and again: who says something there waits
for it, in the middle of the server's own query. Elsewhere people talk on.
"""

import argparse
import asyncio
import sys
from typing import Any

import psycopg

from bench.faults.echo import Echoes
from bench.faults.ground import DATABASE_URL, Facts, Process, planted, report_row, serving
from bench.faults.socket_client import Sender

HELD = 2.0
QUIET = 3.0
AT_MOST = {"held_p99_ms": 50, "failed": 0, "not_stored": 0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.slow_query")
    parser.add_argument("--echoes", type=int, default=10, help="sockets that talk elsewhere")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="once")
    asked = parser.parse_args()
    with planted(guests=2, chats=asked.echoes + 1) as facts, serving() as (server,):
        figures = asyncio.run(hold_up(server, facts, asked.echoes, 1 if asked.quick else asked.times))
    return report_row("P5", figures, AT_MOST)


async def hold_up(server: Process, facts: Facts, count: int, times: int) -> dict[str, Any]:
    """The wait elsewhere while nothing is held is what the machine makes of it."""
    slow = await Sender.open(server.address, facts.chat(count), facts.tokens[count])
    echoes = await Echoes.open(server, facts, range(count))
    async with echoes:
        await asyncio.sleep(QUIET)
    figures = echoes.figures("quiet")
    waits: list[float] = []
    async with echoes:
        for _ in range(times):
            waits.append(await say_while_held(slow, facts.chats[count]))
    return {
        **figures,
        **echoes.figures("held"),
        "failed": echoes.failed,
        "times": times,
        "slow_waited_seconds": [round(wait, 1) for wait in waits],
        "not_stored": sum(wait < HELD - 0.5 for wait in waits),
    }


async def say_while_held(sender: Sender, conversation_id: int) -> float:
    connection = await psycopg.AsyncConnection.connect(DATABASE_URL)
    async with connection:
        await connection.execute("SELECT 1 FROM chat_conversation WHERE id = %s FOR UPDATE", [conversation_id])
        saying = asyncio.ensure_future(sender.say("This takes a while"))
        await asyncio.sleep(HELD)
    return await saying


if __name__ == "__main__":
    sys.exit(main())
