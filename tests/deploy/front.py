"""Debian's nginx with deploy/nginx.conf, of which only addresses and places are rewritten."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from tests.sockets.server import Client, free_port

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
PATIENCE = 10


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    """On a connection of its own, and never again by itself. A `body` that is no bytes is sent as JSON."""
    sent = {"Host": "localhost", "Content-Type": "application/json", **(headers or {})}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class Front:
    def __init__(self, directory: Path, ports: Sequence[int]) -> None:
        self.port = free_port()
        self.clients = ExitStack()
        self._lines = directory / "access.log"
        self._errors = directory / "error.log"
        rewritten = CONFIGURATION.read_text()
        for asked, given in {
            "web-1:8000": f"127.0.0.1:{ports[0]}",
            "web-2:8000": f"127.0.0.1:{ports[1]}",
            "listen 8080": f"listen 127.0.0.1:{self.port}",
            "/tmp/nginx": f"{directory}/nginx",
            "/dev/stdout": str(self._lines),
            "error_log stderr": f"error_log {self._errors}",
        }.items():
            assert asked in rewritten
            rewritten = rewritten.replace(asked, given)
        path = directory / "nginx.conf"
        path.write_text(rewritten)
        main = "daemon off;" + ("user root;" if os.geteuid() == 0 else "")
        self.process = subprocess.Popen(
            [NGINX, "-e", "stderr", "-p", str(directory), "-c", str(path), "-g", main], stderr=subprocess.DEVNULL
        )

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        return ask(self.port, method, path, body, headers)

    def connect(self, path: str, **options: Any) -> Client:
        """A client that is let go of with the others, by `clients.close()`."""
        opening = connect(f"ws://localhost:{self.port}{path}", compression=None, proxy=None, **options)
        return Client(self.clients.enter_context(opening))

    def written(self) -> str:
        """Everything nginx wrote, once it has."""
        time.sleep(0.1)
        return self._lines.read_text() + self._errors.read_text()

    def lines(self) -> list[dict[str, str]]:
        time.sleep(0.1)
        return [json.loads(line) for line in self._lines.read_text().splitlines()]

    def wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"nginx does not listen: {self._errors.read_text() if self._errors.exists() else ''}")


@contextmanager
def front_of(directory: Path, ports: Sequence[int]) -> Iterator[Front]:
    front = Front(directory, ports)
    try:
        front.wait()
        yield front
    finally:
        front.process.terminate()
        front.process.wait(timeout=PATIENCE)
