"""P4: a burst said on one process is heard, whole and in order, by every socket of another.

python -m bench.faults.burst [--sockets 50] [--messages 1000] [--senders 5] [--quick]
"""

import argparse
import asyncio
import sys
import time
from typing import Any

from bench.faults.ground import Facts, Process, planted, report_row, serving
from bench.faults.socket_client import Sender, Socket

QUICK_MESSAGES = 200
LONGEST = 60
AT_MOST = {"lost": 0, "doubled": 0, "out_of_order": 0, "closed": 0}
# A sender may say so much at once; what bounds a socket is measured elsewhere.
ALLOWANCE = {"SOCKET_FRAMES_AT_ONCE": "100000"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.burst")
    parser.add_argument("--sockets", type=int, default=50)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--senders", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_MESSAGES} messages")
    asked = parser.parse_args()
    messages = QUICK_MESSAGES if asked.quick else asked.messages
    with planted(guests=asked.sockets + asked.senders) as facts, serving(2, **ALLOWANCE) as (near, far):
        figures = asyncio.run(burst(near, far, facts, asked.sockets, asked.senders, messages))
    return report_row("P4", figures, AT_MOST)


async def burst(near: Process, far: Process, facts: Facts, count: int, senders: int, messages: int) -> dict[str, Any]:
    """All messages are sent at once, without waiting for an ack."""
    seqs: list[list[int]] = [[] for _ in range(count)]
    tokens = facts.tokens[senders:]
    listening = await asyncio.gather(
        *(
            Socket.open(far.address, facts.group, token, hearing(heard))
            for token, heard in zip(tokens, seqs, strict=False)
        )
    )
    saying = await asyncio.gather(*(Sender.open(near.address, facts.group, token) for token in facts.tokens[:senders]))
    await asyncio.sleep(1)
    started = time.perf_counter()
    await asyncio.gather(*(saying[number % senders].say(f"{number}") for number in range(messages)))
    stored = time.perf_counter() - started
    while sum(map(len, seqs)) < count * messages and time.perf_counter() - started < LONGEST:
        await asyncio.sleep(0.01)
    return {
        "expected": count * messages,
        "delivered": sum(len(set(heard)) for heard in seqs),
        "lost": count * messages - sum(len(set(heard)) for heard in seqs),
        "doubled": sum(len(heard) - len(set(heard)) for heard in seqs),
        "out_of_order": sum(heard != sorted(heard) for heard in seqs),
        "closed": sum(socket.closed.done() for socket in (*listening, *saying)),
        "stored_seconds": round(stored, 2),
        "delivered_seconds": round(time.perf_counter() - started, 2),
    }


def hearing(seqs: list[int]) -> Any:
    def hear(frame: dict[str, Any]) -> None:
        if frame["type"] == "message":
            seqs.append(frame["seq"])

    return hear


if __name__ == "__main__":
    sys.exit(main())
