"""P7: a socket that floods is closed within a second, and others hardly notice.

python -m bench.faults.flood [--frames 50000] [--times 5] [--quick]
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.faults.echo import Echoes
from bench.faults.ground import Facts, Process, planted, report_row, serving
from bench.faults.socket_client import Socket, text_frame

FLOODS = {
    "typing": '{"type":"typing"}',
    "messages": '{"message":"Me again"}',
    "nonsense": "x" * 100,
}
TOO_MUCH = 4008
AT_MOST = {"closed_after_seconds": 1, "others_p99_ms": 200, "others_failed": 0, "other_codes": 0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.flood")
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--times", type=int, default=5, help="of each kind")
    parser.add_argument("--echoes", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="once of each kind")
    asked = parser.parse_args()
    times = 1 if asked.quick else asked.times
    with planted(guests=times * len(FLOODS), chats=asked.echoes) as facts, serving() as (server,):
        figures = asyncio.run(flood_all(server, facts, asked.echoes, asked.frames, times))
    return report_row("P7", figures, AT_MOST)


async def flood_all(server: Process, facts: Facts, count: int, frames: int, times: int) -> dict[str, Any]:
    echoes = await Echoes.open(server, facts, range(count))
    async with echoes:
        await asyncio.sleep(2)
    figures = echoes.figures("quiet")
    endings = []
    async with echoes:
        for number, text in enumerate(list(FLOODS.values()) * times):
            endings.append(await flood(server, facts, facts.tokens[-1 - number], text_frame(text), frames))
            await asyncio.sleep(0.2)
    return {
        **figures,
        **echoes.figures("others"),
        "floods": len(endings),
        "frames_each": frames,
        "closed_after_seconds": max(seconds for seconds, _ in endings),
        "other_codes": sum(code != TOO_MUCH for _, code in endings),
        "others_failed": echoes.failed,
    }


async def flood(server: Process, facts: Facts, token: str, frame: bytes, frames: int) -> tuple[float, int]:
    """Seconds from the first frame to the server's close, and its code."""
    socket = await Socket.open(server.address, facts.group, token)
    started = time.perf_counter()
    pump(partial(socket.write, frame * 500), frames // 500)
    code = await socket.closed
    return round(time.perf_counter() - started, 2), code


def pump(write: Callable[[], None], times: int) -> None:
    """All of it is with the transport at once, which sends it as fast as it is taken."""
    for _ in range(times):
        write()


if __name__ == "__main__":
    sys.exit(main())
