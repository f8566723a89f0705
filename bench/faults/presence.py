"""P11: everybody of a large workspace comes at once, and comes back from a pause within one second; each learns of all
the others, and it costs what people cost: four times as many take four times as much.

python -m bench.faults.presence [--people 1000] [--quick]
"""

import argparse
import asyncio
import json
import re
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

from bench import harness
from bench.faults.ground import DATABASE_URL, ENVIRONMENT, Process, report_row, serving
from bench.faults.socket_client import Address, Socket

PRESENCE = "/ws/presence/"
QUICK_PEOPLE = 100
TIMES = 4
LONGEST = 60
COME_BACK_WITHIN = 1.0
# News are gathered for a quarter of a second, so this many rounds a second and one write to each socket in each; the
# snapshot of who comes is a write too.
ROUNDS_A_SECOND = 4
TOKEN = "bench-metrics-0123456789-abcdefghijklmnopqrstuvwxyz"
FRAME = re.compile(rb'^\{"type":"presence_update","user_email":"([^"]+)","status":"(\w+)"\}$')
AT_MOST = {
    "unknown": 0,
    "told_twice": 0,
    "spelled_per_person": 2,
    "rounds_beyond": 0,
    "writes_beyond": 0,
    "back_unknown": 0,
    "back_spelled_per_person": 1,
    "back_rounds_beyond": 0,
    "back_writes_beyond": 0,
    # A round more or less is a matter of luck; what grew by the square would be sixteen times as much.
    "back_spelled_ratio": TIMES * 1.25,
    "back_writes_ratio": TIMES * 1.5,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.presence")
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PEOPLE} people")
    asked = parser.parse_args()
    people = QUICK_PEOPLE if asked.quick else asked.people
    few, many = measured(people // TIMES), measured(people)
    ratios = {
        f"back_{name}_ratio": round(many[f"back_{name}"] / few[f"back_{name}"], 2) for name in ("spelled", "writes")
    }
    fewer = {f"{name}_of_{few['people']}": few[name] for name in ("back_rounds", "back_spelled", "back_writes")}
    return report_row("P11", {**many, **fewer, **ratios}, AT_MOST)


def measured(people: int) -> dict[str, Any]:
    harness.create_database(DATABASE_URL)
    try:
        harness.run_python("manage.py", "migrate", "--verbosity=0", environment=ENVIRONMENT)
        facts = json.loads(harness.run_python("-m", "bench.plant_workspace", str(people), environment=ENVIRONMENT))
        with serving(1, METRICS_TOKEN=TOKEN) as (server,):
            return asyncio.run(everybody_comes(server, facts["tokens"]))
    finally:
        harness.drop_database(DATABASE_URL)


async def everybody_comes(server: Process, tokens: Sequence[str]) -> dict[str, Any]:
    await Socket.open(server.address, PRESENCE, tokens[0])
    await asyncio.sleep(1)
    first, used, started = told(server.address), server.processor_seconds(), time.perf_counter()
    comers = await asyncio.gather(*(Comer.open(server.address, PRESENCE, token) for token in tokens))
    opened = time.perf_counter() - started
    others = len(tokens) - 1
    await until(lambda: all(len(one.known) == others for one in comers))
    known = time.perf_counter() - started
    await asyncio.sleep(1)
    took = since(first, server.address)
    return {
        "people": len(tokens),
        "unknown": sum(others - len(one.known) for one in comers),
        "told_twice": sum(one.updates - len(one.known) for one in comers),
        "opened_seconds": round(opened, 2),
        "known_seconds": round(known, 2),
        "frames_sent": sum(one.updates for one in comers),
        **judged(took, people=len(tokens), seconds=known + 1),
        **await everybody_comes_back(server, comers),
        "server_busy_seconds": round(server.processor_seconds() - used, 2),
    }


async def everybody_comes_back(server: Process, comers: "Sequence[Comer]") -> dict[str, Any]:
    """They pause, and within one second are online again: no handshake takes a part of what is measured."""
    for one in comers:
        one.send({"type": "heartbeat", "status": "idle"})
    await until(lambda: not any(one.online for one in comers))
    await asyncio.sleep(1)
    first, started = told(server.address), time.perf_counter()
    for number, one in enumerate(comers):
        await asyncio.sleep(started + COME_BACK_WITHIN * number / len(comers) - time.perf_counter())
        one.send({"type": "heartbeat", "status": "online"})
    others = len(comers) - 1
    await until(lambda: all(len(one.online) == others for one in comers))
    known = time.perf_counter() - started
    figures = judged(since(first, server.address), people=len(comers), seconds=known)
    return {
        "back_unknown": sum(others - len(one.online) for one in comers),
        "back_known_seconds": round(known, 2),
        **{f"back_{name}": figure for name, figure in figures.items()},
    }


def judged(took: dict[str, int], *, people: int, seconds: float) -> dict[str, float]:
    """A round may begin as the time does, and another as it ends."""
    rounds = ROUNDS_A_SECOND * seconds + 1
    return {
        "rounds": took["rounds"],
        "rounds_beyond": max(0.0, round(took["rounds"] - rounds, 1)),
        "spelled": took["spelled"],
        "spelled_per_person": round(took["spelled"] / people, 2),
        "writes": took["written"],
        "writes_beyond": max(0.0, round(took["written"] / people - rounds, 1)),
    }


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + LONGEST
    while not holds() and time.perf_counter() < deadline:
        await asyncio.sleep(0.02)


class Comer(Socket):
    """Counts what it is told of others: `known` are the addresses of those who are there, `online` of those who are not
    idle either.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.known: set[bytes] = set()
        self.online: set[bytes] = set()
        self.updates = 0

    def _take(self, opcode: int, payload: bytes) -> None:
        update = FRAME.match(payload)
        if update is None:
            super()._take(opcode, payload)
            return
        self.updates += 1
        email, status = update.groups()
        (self.known.discard if status == b"offline" else self.known.add)(email)
        (self.online.add if status == b"online" else self.online.discard)(email)


def told(address: Address) -> dict[str, int]:
    """What telling who is there has taken the server so far."""
    request = urllib.request.Request(
        f"http://{address[0]}:{address[1]}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request) as response:
        found = re.findall(r'^pubnetwork_presence_total\{of="(\w+)"\} (\S+)$', response.read().decode(), re.MULTILINE)
    return {name: int(float(value)) for name, value in found}


def since(first: dict[str, int], address: Address) -> dict[str, int]:
    return {name: figure - first[name] for name, figure in told(address).items()}


if __name__ == "__main__":
    sys.exit(main())
