"""Driving `load.c`, the chat rows' load generator: compiled when it is needed, run on the client's core."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.harness import CLIENT_CORE, ROOT

LONGEST = 180


@dataclass(frozen=True)
class Heard:
    """What the sockets saw in one phase. Milliseconds; `busy` is the generator's share of a core, and the server's."""

    kind: str
    width: int
    sockets: int
    seconds: float
    deliveries: int
    messages: int
    acks: int
    lost: int
    closed: int
    p50: float
    p99: float
    bytes: int
    busy: float
    server_busy: float

    @property
    def delivered(self) -> float:
        return self.deliveries / self.seconds

    @property
    def acknowledged(self) -> float:
        return self.acks / self.seconds

    @property
    def delivered_by_a_core(self) -> float:
        """A second of a core's whole work: says more than the rate where others want the core too."""
        return self.delivered / self.server_busy if self.server_busy else 0.0

    @property
    def acknowledged_by_a_core(self) -> float:
        return self.acknowledged / self.server_busy if self.server_busy else 0.0


@dataclass(frozen=True)
class Socket:
    path: str
    token: str = ""


def compile_c(name: str, directory: Path) -> Path:
    """A program of this directory. Raises SystemExit where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("bench-chat needs a C compiler for its load generator: no `cc` was found.")
    program = directory / name
    subprocess.run([compiler, "-O2", "-o", program, ROOT / "bench" / f"{name}.c"], check=True)
    return program


@dataclass(frozen=True)
class Destination:
    """A server that runs, and how it is spoken to."""

    name: str
    port: int
    process: int
    dialect: str


@dataclass(frozen=True)
class Generator:
    program: Path
    directory: Path

    def drive(self, at: Destination, sockets: Iterable[Socket], size: int, phases: Sequence[str]) -> list[Heard]:
        """Open the sockets, go through the phases, see `load.c`. Raises SystemExit when the server fails them."""
        clients = self.directory / "clients"
        clients.write_text("".join(f"{socket.path}\t{socket.token}\n" for socket in sockets))
        pinned = ("taskset", "-c", CLIENT_CORE, self.program)
        command = [str(part) for part in (*pinned, at.port, at.process, clients, at.dialect, size, *phases)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
        if done.returncode:
            raise SystemExit(f"{at.name}: {done.stderr.strip() or done.returncode}")
        return [Heard(**json.loads(line)) for line in done.stdout.splitlines()]
