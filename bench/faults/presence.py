"""P11: everybody of a large workspace comes at once; each learns of all the others, and it costs what people cost.

python -m bench.faults.presence [--people 1000] [--quick]
"""

import argparse
import asyncio
import json
import re
import sys
import time
import urllib.request
from typing import Any

from bench import harness
from bench.faults.ground import DATABASE_URL, ENVIRONMENT, Process, report_row, serving
from bench.faults.socket_client import Address, Socket

PRESENCE = "/ws/presence/"
QUICK_PEOPLE = 100
LONGEST = 60
# Others' news are gathered for a quarter of a second; with the snapshot that is so many writes while all come.
WRITES_A_SECOND = 4
TOKEN = "bench-metrics-0123456789-abcdefghijklmnopqrstuvwxyz"
FRAME = re.compile(rb'^\{"type":"presence_update","user_email":"([^"]+)","status":"(\w+)"\}$')
AT_MOST = {"unknown": 0, "told_twice": 0, "spelled_per_person": 2, "writes_beyond": 0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.presence")
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PEOPLE} people")
    asked = parser.parse_args()
    people = QUICK_PEOPLE if asked.quick else asked.people
    harness.create_database(DATABASE_URL)
    try:
        harness.run_python("manage.py", "migrate", "--verbosity=0", environment=ENVIRONMENT)
        facts = json.loads(harness.run_python("-m", "bench.plant_workspace", str(people), environment=ENVIRONMENT))
        with serving(1, METRICS_TOKEN=TOKEN) as (server,):
            figures = asyncio.run(everybody_comes(server, facts["tokens"], facts["emails"]))
    finally:
        harness.drop_database(DATABASE_URL)
    return report_row("P11", figures, AT_MOST)


async def everybody_comes(server: Process, tokens: list[str], emails: list[str]) -> dict[str, Any]:
    await Socket.open(server.address, PRESENCE, tokens[0])
    await asyncio.sleep(1)
    first, used, started = told(server.address), server.processor_seconds(), time.perf_counter()
    comers = await asyncio.gather(*(Comer.open(server.address, PRESENCE, token) for token in tokens))
    opened = time.perf_counter() - started
    while sum(len(one.known) for one in comers) < len(emails) * (len(emails) - 1):
        if time.perf_counter() - started > LONGEST:
            break
        await asyncio.sleep(0.02)
    known = time.perf_counter() - started
    await asyncio.sleep(1)
    last = told(server.address)
    spelled, written = (last[name] - first[name] for name in ("spelled", "written"))
    writes = written / len(comers)
    return {
        "people": len(emails),
        "unknown": sum(len(emails) - 1 - len(one.known) for one in comers),
        "told_twice": sum(one.updates - len(one.known) for one in comers),
        "opened_seconds": round(opened, 2),
        "known_seconds": round(known, 2),
        "rounds": last["rounds"] - first["rounds"],
        "spelled": spelled,
        "spelled_per_person": round(spelled / len(emails), 2),
        "frames_sent": sum(one.updates for one in comers),
        "writes_per_socket": round(writes, 1),
        "writes_beyond": max(0.0, round(writes - WRITES_A_SECOND * (known + 1), 1)),
        "server_busy_seconds": round(server.processor_seconds() - used, 2),
    }


class Comer(Socket):
    """Counts what it is told of others: `known` are the addresses of those who are online, as far as it knows."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.known: set[bytes] = set()
        self.updates = 0

    def _take(self, opcode: int, payload: bytes) -> None:
        update = FRAME.match(payload)
        if update is None:
            super()._take(opcode, payload)
            return
        self.updates += 1
        email, status = update.groups()
        (self.known.discard if status == b"offline" else self.known.add)(email)


def told(address: Address) -> dict[str, int]:
    """What telling who is there has taken the server so far."""
    request = urllib.request.Request(
        f"http://{address[0]}:{address[1]}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request) as response:
        found = re.findall(r'^pubnetwork_presence_total\{of="(\w+)"\} (\S+)$', response.read().decode(), re.MULTILINE)
    return {name: int(float(value)) for name, value in found}


if __name__ == "__main__":
    sys.exit(main())
