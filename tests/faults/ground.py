"""What faults happen to: a database, a Redis and a PostgreSQL of one's own, and server processes upon them."""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent.parent
MAINTENANCE_URL = os.environ.get("FAULTS_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
POSTGRES_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PATIENCE = 30.0
STORED = "SELECT seq, id, client_id FROM chat_message ORDER BY seq"


@contextmanager
def own_database(maintenance_url: str = MAINTENANCE_URL) -> Iterator[str]:
    """The URL of an empty PostgreSQL database that is gone afterwards, whoever is still connected to it."""
    name = f"faults_{secrets.token_hex(4)}"
    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlsplit(maintenance_url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(maintenance_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def own_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pub-network-faults-") as directory:
        yield Path(directory)


class Process:
    """A program that is started, stopped and killed. What it says goes to a file."""

    def __init__(
        self, command: list[str], *, log: Path, environment: Mapping[str, str], user: str | None = None
    ) -> None:
        self._command = command
        self._log = log
        self._environment = environment
        self._user = user
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    @property
    def exit_code(self) -> int | None:
        return None if self._running is None else self._running.poll()

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=dict(self._environment),
                user=self._user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """kill -9: no goodbye, no clean-up."""
        self.signal(signal.SIGKILL)
        self.wait()

    def signal(self, number: signal.Signals) -> None:
        if self.exit_code is None and self._running is not None:
            self._running.send_signal(number)

    def wait(self) -> None:
        if self._running is not None:
            self._running.wait(timeout=PATIENCE)

    async def listening_at(self, port: int) -> None:
        await answering(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close(), of=self)

    async def ended(self) -> None:
        while self.exit_code is None:
            await asyncio.sleep(0.01)

    def end(self) -> None:
        """However it is: stopped, asked to end, gone already."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.kill()


class Server(Process):
    """`python -m config.server`; what `environment` does not say is as it is on any machine."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        data = directory / f"data-{self.port}" if environment.get("REDIS_URL") else directory / "data"
        data.mkdir(exist_ok=True)
        ours = {"PORT": str(self.port), "HOST": "127.0.0.1", "DATA_DIR": str(data)}
        super().__init__(
            [sys.executable, "-m", "config.server"],
            log=directory / f"server-{self.port}.log",
            environment={**environment, **ours},
        )

    async def listening(self) -> None:
        await self.listening_at(self.port)


class Redis(Process):
    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        command = [
            "redis-server",
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--save",
            "",
            "--dir",
            str(directory),
        ]
        super().__init__(command, log=directory / "redis.log", environment=os.environ)

    async def answering(self) -> None:
        with closing(redis.Redis(port=self.port, socket_timeout=1)) as client:
            await answering(client.ping, of=self)


def own_redis(directory: Path) -> AbstractContextManager[Redis]:
    return _running(Redis(directory))


class Postgres(Process):
    """A cluster of its own. It is killed with all its processes at once, and starts with what it finds on the disk."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        user = "postgres" if os.geteuid() == 0 else None
        data, programs = directory / "cluster", POSTGRES_PROGRAMS[-1]
        data.mkdir()
        if user is not None:
            directory.chmod(0o755)
            shutil.chown(data, user)
        subprocess.run(
            [programs / "initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--no-instructions"],
            cwd="/",
            user=user,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        options = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        super().__init__(
            [str(programs / "postgres"), "-D", str(data), *options],
            log=directory / "postgres.log",
            environment=os.environ,
            user=user,
        )

    def kill(self) -> None:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        super().kill()
        for child in children:
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                continue

    async def answering(self) -> None:
        await answering(lambda: psycopg.connect(self.url, connect_timeout=1).close(), of=self)


Store = TypeVar("Store", Redis, Postgres)


def own_postgres(directory: Path) -> AbstractContextManager[Postgres]:
    return _running(Postgres(directory))


@contextmanager
def _running(store: Store) -> Iterator[Store]:
    store.start()
    try:
        asyncio.run(store.answering())
        yield store
    finally:
        store.end()


async def answering(ask: Callable[[], object], *, of: Process) -> None:
    """Ask until there is an answer. A program that has ended is started again: what died may still hold something."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            await asyncio.to_thread(ask)
        except (OSError, redis.RedisError, psycopg.OperationalError):
            if time.monotonic() > deadline:
                raise SystemExit(f"does not answer: {of.said[-2000:]}") from None
            if of.exit_code is not None:
                of.start()
            await asyncio.sleep(0.02)
        else:
            return


def stored_messages(database_url: str) -> list[tuple[int, int, str]]:
    """`seq`, id and client_id of every message there is."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(urlsplit(database_url).path.removeprefix("/"))) as connection:
            return connection.execute(STORED).fetchall()
    with psycopg.connect(database_url) as connection:
        return connection.execute(STORED).fetchall()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
