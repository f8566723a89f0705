"""Server processes of our own on the test database, and plain WebSocket clients of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from chat.models import SocketLease
from notifications.models import InboxLease

PATIENCE = 10
OURS = (sys.executable, "-m", "config.server")
RINGING_ONLY = (sys.executable, "-m", "tests.sockets.unswept")


class Server:
    def __init__(self, command: Sequence[str] = OURS, **environment: str) -> None:
        self.port = free_port()
        self._data = tempfile.TemporaryDirectory(prefix="pub-network-server-")
        self._command = [part.format(port=self.port) for part in command]
        self._environment = {**os.environ, **_environment(self._data.name, self.port), **environment}
        self._errors = Path(self._data.name) / "errors"
        self.clients = ExitStack()
        self._start()

    def connect(self, path: str, **options: Any) -> "Client":
        """A client that is let go of when the server is."""
        opening = connect(
            f"ws://127.0.0.1:{self.port}{path}", compression=None, proxy=None, **{"max_queue": None} | options
        )
        return Client(self.clients.enter_context(opening))

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> str:
        """What it wrote to standard error."""
        if self.process.poll() is None:
            self.terminate()
        self.process.wait(timeout=15)
        self.clients.close()
        errors = self._errors.read_text()
        self._data.cleanup()
        return errors

    def restart(self) -> None:
        """Told to go down, and started again where it was once it is gone."""
        self.terminate()
        self.process.wait(timeout=15)
        self._start()

    def resident_kib(self) -> int:
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def processor_seconds(self) -> float:
        """What it has used of any core so far."""
        with open(f"/proc/{self.process.pid}/stat") as status:
            times = status.read().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def _start(self) -> None:
        """A file takes all that is written, where a pipe that nobody reads would hold the server up."""
        with self._errors.open("a") as errors:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=errors
            )
        self._wait_until_it_listens()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.raw().close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the server does not listen: {self.stop()}")


class Client:
    """`code` is what the socket was closed with."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.code: int | None = None

    def send(self, frame: Any) -> None:
        self.connection.send(json.dumps(frame, ensure_ascii=False))

    def receive(self, timeout: float = PATIENCE) -> Any:
        """The next frame; None when the socket was closed instead."""
        try:
            return json.loads(self.connection.recv(timeout))
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else 1006
            return None

    def receive_type(self, kind: str) -> Any:
        while (frame := self.receive()) is not None:
            if frame.get("type") == kind:
                return frame
        raise AssertionError(f"closed with {self.code} before any {kind}")

    def receive_until(self, kind: str) -> list[Any]:
        """Every frame up to the next of this type."""
        frames: list[Any] = []
        while not frames or frames[-1].get("type") != kind:
            frames.append(self.receive())
            assert frames[-1] is not None, f"closed with {self.code} before any {kind}"
        return frames

    def closed_with(self) -> tuple[list[Any], int | None]:
        frames = []
        while (frame := self.receive()) is not None:
            frames.append(frame)
        return frames, self.code

    def close(self) -> None:
        self.connection.close()


def let_go(*servers: Server) -> None:
    """Close their clients, and wait until the servers have forgotten them: they ask the database nothing then."""
    for server in servers:
        server.clients.close()
    until(lambda: not SocketLease.objects.exists() and not InboxLease.objects.exists())
    time.sleep(0.05)


def until(is_so: Callable[[], bool]) -> None:
    """Ask again and again, and fail when it does not come to be so."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def serving(command: Sequence[str] = OURS, **environment: str) -> Iterator[Server]:
    server = Server(command, **environment)
    try:
        yield server
    finally:
        errors = server.stop()
    assert "Traceback" not in errors, errors


def _environment(data_dir: str, port: int) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "DATA_DIR": data_dir,
        "PORT": str(port),
        "HOST": "127.0.0.1",
    }


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    password = quote(database["PASSWORD"] or "", safe="")
    user = f"{database['USER']}:{password}" if password else database["USER"]
    return f"postgres://{user}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
