"""What every family of rows needs: databases of its own, servers on one core, and rows that all look alike."""

import asyncio
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
OWN_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"

DATABASE_URL = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/bench")
# For what is done to databases, and asked of their server.
MAINTENANCE_URL = urlunsplit(urlsplit(DATABASE_URL)._replace(path="/postgres"))
REDIS_URL = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/11")
FIRST_PORT = int(os.environ.get("BENCH_PORT", "8130"))
SEED = 7

# One core for whichever server is measured, another for who asks it.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]

START_SECONDS = 30
STOP_SECONDS = 15


def database_url(name: str) -> str:
    """BENCH_DATABASE_URL names the server, and what all databases' names begin with."""
    parts = urlsplit(DATABASE_URL)
    return urlunsplit(parts._replace(path=f"{parts.path}_{name}"))


def _administer(statement: sql.Composable) -> None:
    with psycopg.connect(MAINTENANCE_URL, autocommit=True) as connection:
        connection.execute(statement)


def create_database(url: str, *, template: str | None = None) -> None:
    """Afresh, empty or as a copy of the database at `template`."""
    drop_database(url)
    statement = sql.SQL("CREATE DATABASE {}").format(_name(url))
    if template is not None:
        statement = sql.SQL("{} TEMPLATE {}").format(statement, _name(template))
    _administer(statement)


def drop_database(url: str) -> None:
    _administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_name(url)))


def _name(url: str) -> sql.Identifier:
    return sql.Identifier(urlsplit(url).path.lstrip("/"))


@dataclass(frozen=True)
class Server:
    """One process to be measured: `command` may say {port}."""

    name: str
    command: Sequence[str]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path = ROOT

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port


@contextmanager
def running(*servers: Server) -> Iterator[dict[str, int]]:
    """All of them, pinned to SERVER_CORE, from when they answer until the block ends. Yields process ids by name."""
    with tempfile.TemporaryDirectory(prefix="bench-") as logs:
        processes = {server.name: _start(server, Path(logs)) for server in servers}
        try:
            for server in servers:
                _wait_until_ready(server, processes[server.name], Path(logs))
            yield {name: process.pid for name, process in processes.items()}
        finally:
            for process in processes.values():
                process.terminate()
            for process in processes.values():
                _see_end(process)


def _start(server: Server, logs: Path) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **server.environment}
    with (logs / server.name).open("wb") as log:
        return subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *(part.format(port=server.port) for part in server.command)],
            cwd=server.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes], logs: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(server.address, timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{server.name} did not start:\n{(logs / server.name).read_text()[-2000:]}")


def _see_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_python(*arguments: str, environment: Mapping[str, str], directory: Path = ROOT) -> str:
    """What this project's Python prints when it runs that to its end."""
    environment = {"PATH": os.environ["PATH"], **environment}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=directory, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def processor_seconds(process_id: int) -> float:
    """What the process has used of any core so far."""
    times = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def pin_this_process() -> None:
    os.sched_setaffinity(0, {CLIENT_CORE})


def print_row(row: str, **figures: object) -> None:
    print(json.dumps({"row": row, **figures, "seed": SEED, "versions": versions()}), flush=True)


def versions() -> dict[str, str]:
    named = {name: version(name) for name in ("django", "djangorestframework", "daphne", "psycopg")}
    with psycopg.connect(MAINTENANCE_URL) as connection:
        named["postgresql"] = connection.info.parameter_status("server_version") or ""
    return {"python": platform.python_version(), **named}


def connections_to(url: str) -> int:
    """How many the database server counts."""
    with psycopg.connect(urlunsplit(urlsplit(url)._replace(path="/postgres"))) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        found = connection.execute(query, [urlsplit(url).path.lstrip("/")]).fetchone()
    return int(found[0]) if found else 0


async def settle(seconds: float = 0.2) -> None:
    """Let what the last measurement left in the servers be done with."""
    await asyncio.sleep(seconds)
