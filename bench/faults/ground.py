"""What the rows stand on: a database with guests in it, server processes as production runs them, and their figures."""

import asyncio
import json
import math
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import harness
from bench.faults.socket_client import Address, Socket
from bench.harness import FIRST_PORT, ROOT, Server
from tests.faults import report

PORT = FIRST_PORT + 30
PYTHON = str(ROOT / ".venv" / "bin" / "python")
DATABASE_URL = harness.database_url("faults")
OPENING_AT_ONCE = 100
ENVIRONMENT = {
    "SECRET_KEY": "bench-secret-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "JWT_SECRET_KEY": "bench-jwt-9876543210-zyxwvutsrqponmlkjihgfedcba-GFEDCBA",
    "ENV_FILE": "/dev/null",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DATABASE_URL": DATABASE_URL,
    "REDIS_URL": harness.REDIS_URL,
    "PUBLIC_URL": f"http://127.0.0.1:{PORT}",
    "ALLOWED_HOSTS": "127.0.0.1",
    "DATA_DIR": str(Path(tempfile.gettempdir()) / "bench-faults"),
}


@dataclass(frozen=True)
class Facts:
    """What `bench.plant_chat` planted: guests of one venue by their tokens, and private chats of the first of them."""

    var_id: str
    tokens: list[str]
    chats: list[int]

    @property
    def group(self) -> str:
        return f"/ws/group/{self.var_id}/"

    def chat(self, number: int) -> str:
        return f"/ws/private/{self.chats[number]}/"


@dataclass(frozen=True)
class Process:
    """A server that runs."""

    address: Address
    pid: int

    def resident_kib(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def processor_seconds(self) -> float:
        return harness.processor_seconds(self.pid)


@contextmanager
def planted(*, guests: int, chats: int = 0) -> Iterator[Facts]:
    """A database of its own, from here to the end of the block."""
    harness.create_database(DATABASE_URL)
    try:
        harness.run_python("manage.py", "migrate", "--verbosity=0", environment=ENVIRONMENT)
        made = harness.run_python("-m", "bench.plant_chat", str(guests), str(chats), environment=ENVIRONMENT)
        yield Facts(**json.loads(made))
    finally:
        harness.drop_database(DATABASE_URL)


@contextmanager
def serving(count: int = 1, **environment: str) -> Iterator[list[Process]]:
    """Server processes on one core; this one asks them from the other."""
    servers = [
        Server(
            f"server{number}",
            (PYTHON, "-m", "config.server"),
            PORT + number,
            {**ENVIRONMENT, **environment, "PORT": str(PORT + number)},
        )
        for number in range(count)
    ]
    with harness.running(*servers) as processes:
        harness.pin_this_process()
        yield [Process(server.address, processes[server.name]) for server in servers]


async def open_many(address: Address, path: str, tokens: Iterable[str]) -> list[Socket]:
    """All of them signed in and in their room; so many at once as a server has in its queue."""
    limit = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_one(token: str) -> Socket:
        async with limit:
            return await Socket.open(address, path, token)

    return await asyncio.gather(*(open_one(token) for token in tokens))


def percentile(values: Collection[float], part: float) -> float:
    """The least value that so large a part of them does not exceed."""
    return sorted(values)[math.ceil(len(values) * part) - 1]


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def report_row(row: str, figures: Mapping[str, Any], at_most: Mapping[str, float], *, seed: int = harness.SEED) -> int:
    versions = report.versions_of(harness.MAINTENANCE_URL, harness.REDIS_URL)
    return report.report(row, figures, at_most, seed=seed, versions=versions)
