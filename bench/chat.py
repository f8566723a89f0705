"""Chat rows: fan-out in one group, and storing, of servers that each have one core to themselves.

The base is the Channels tutorial's consumer on Daphne with channels_redis; Socket.IO on Node with its Redis adapter is
what one would pick instead, as it is and storing each message first; a bare `websockets` broadcast is a limit in
Python. In the fan-out rows only the product signs its sockets in and acknowledges, and only it and that one store.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench import harness
from bench.generator import Destination, Generator, Heard, Socket, compile_c
from bench.harness import FIRST_PORT, ROOT, SERVER_CORE, Server

PORT = FIRST_PORT + 10
PYTHON = str(ROOT / ".venv" / "bin" / "python")
NODE_DIRECTORY = ROOT / "bench"
OURS_URL, BASE_URL = harness.database_url("chat"), harness.database_url("chat_base")

FRAME_BYTES = 154
FEW, MANY = 200, 1000
SENDERS = (1, 50, 500)

OURS_ENVIRONMENT = {
    "SECRET_KEY": "bench-secret-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "JWT_SECRET_KEY": "bench-jwt-9876543210-zyxwvutsrqponmlkjihgfedcba-GFEDCBA",
    "ENV_FILE": "/dev/null",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DATABASE_URL": OURS_URL,
    "REDIS_URL": harness.REDIS_URL,
    "PUBLIC_URL": f"http://127.0.0.1:{PORT}",
    "ALLOWED_HOSTS": "127.0.0.1",
    "PORT": str(PORT),
    "DATA_DIR": str(Path(tempfile.gettempdir()) / "bench-chat"),
    # One sender says as much as it can: what bounds an ordinary socket is not measured here.
    "SOCKET_FRAMES_PER_SECOND": "100000",
    "SOCKET_FRAMES_AT_ONCE": "100000",
}


def base_environment(*, keeps_connections: bool) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "bench.baseline_chat.settings",
        "DATABASE_URL": BASE_URL,
        "REDIS_URL": harness.REDIS_URL,
        "CONN_MAX_AGE": "600" if keeps_connections else "0",
    }


def base_server(name: str, port: int, *, keeps_connections: bool = False) -> Server:
    daphne = (str(ROOT / ".venv" / "bin" / "daphne"), "--bind", "127.0.0.1", "--port", "{port}")
    command = (*daphne, "--access-log", "/dev/null", "bench.baseline_chat.asgi:application")
    return Server(name, command, port, base_environment(keeps_connections=keeps_connections))


OURS = Server("ours", (PYTHON, "-m", "config.server"), PORT, OURS_ENVIRONMENT)
BASE = base_server("base", PORT + 1)
BASE_KEPT = base_server("base_kept_connections", PORT + 2, keeps_connections=True)
SOCKETIO = Server("socketio", ("node", "socketio_server.js", "{port}", harness.REDIS_URL), PORT + 3, {}, NODE_DIRECTORY)
SOCKETIO_STORING = Server(
    "socketio_storing",
    ("node", "socketio_server.js", "{port}", harness.REDIS_URL, BASE_URL),
    PORT + 6,
    {},
    NODE_DIRECTORY,
)
BARE = Server("websockets", (PYTHON, "-m", "bench.bare_broadcast", "{port}"), PORT + 4)


@dataclass(frozen=True)
class Facts:
    """What `bench.plant_chat` planted."""

    var_id: str
    tokens: list[str]
    chats: list[int]


@dataclass(frozen=True)
class Target:
    """A server as the generator meets it."""

    server: Server
    dialect: str
    sockets: Callable[[int], list[Socket]]


@dataclass(frozen=True)
class Row:
    """A row of the table, and what is to be reached: ratios of ours to another's, and milliseconds."""

    name: str
    heard: Mapping[str, Sequence[Heard]]
    goals: Mapping[str, float]


@dataclass(frozen=True)
class Turns:
    """What every measurement is made with."""

    generator: Generator
    processes: Mapping[str, int]
    seconds: float
    repeats: int

    def drive(self, target: Target, sockets: int, phases: Sequence[str]) -> list[Heard]:
        """`phases` without their length: each takes as many seconds as all do."""
        server = target.server
        at = Destination(server.name, server.port, self.processes[server.name], target.dialect)
        timed = [f"{phase}:{self.seconds}" for phase in phases]
        return self.generator.drive(at, target.sockets(sockets), FRAME_BYTES, timed)


async def run(*, seconds: float, repeats: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-chat-") as made:
        directory = Path(made)
        generator = Generator(compile_c("load", directory), directory)
        fast_sender = Server("fast_sender", (str(compile_c("fast_sender", directory)), "{port}"), PORT + 5)
        has_node = install_node_packages()
        servers = [OURS, BASE, BASE_KEPT, BARE, fast_sender, *([SOCKETIO, SOCKETIO_STORING] if has_node else [])]
        try:
            facts = prepare()
            with harness.running(*servers) as processes:
                turns = Turns(generator, processes, seconds, repeats)
                print_headroom(turns, fast_sender)
                for row in fan_out(turns, facts, has_node=has_node):
                    print_fan_out(row, repeats)
                for row in storing(turns, facts):
                    print_storing(row, repeats)
            print_service(repeats)
        finally:
            for url in (OURS_URL, BASE_URL):
                harness.drop_database(url)


def prepare() -> Facts:
    for url in (OURS_URL, BASE_URL):
        harness.create_database(url)
    harness.run_python("manage.py", "migrate", "--verbosity=0", environment=OURS_ENVIRONMENT)
    tables = ("-m", "django", "migrate", "--verbosity=0")
    harness.run_python(*tables, environment=base_environment(keeps_connections=False))
    planted = harness.run_python("-m", "bench.plant_chat", str(MANY), str(max(SENDERS)), environment=OURS_ENVIRONMENT)
    return Facts(**json.loads(planted))


def install_node_packages() -> bool:
    """Whether there is something to compare with."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("Socket.IO is left out: it needs node and npm.", file=sys.stderr)
        return False
    wanted, installed = NODE_DIRECTORY / "package-lock.json", NODE_DIRECTORY / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        command = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(command, cwd=NODE_DIRECTORY, check=False).returncode:
            print("Socket.IO is left out: npm could not install it.", file=sys.stderr)
            return False
    return True


# Fan-out


def fan_out(turns: Turns, facts: Facts, *, has_node: bool) -> Iterator[Row]:
    heard: dict[str, list[list[Heard]]] = defaultdict(list)
    targets = fan_out_targets(facts, has_node=has_node)
    for _ in range(turns.repeats):
        for target in targets:
            few = turns.drive(target, FEW, ["fanout:1", "fanout:16"])
            many = turns.drive(target, MANY, ["fanout:1"])
            heard[target.server.name].append([*few, *many])
    yield from rows(
        heard,
        {
            "fan_out_200_one_at_a_time": {"base": 25, "socketio": 1, "socketio_storing": 1, "base_p99": 20},
            "fan_out_200_16_in_flight": {"base": 150, "socketio": 1, "socketio_storing": 1},
            "fan_out_1000_one_at_a_time": {},
        },
    )


def rows(heard: Mapping[str, list[list[Heard]]], goals: Mapping[str, dict[str, float]]) -> Iterator[Row]:
    """`heard` are each server's turns, in each turn what was heard for each row."""
    for index, (name, goal) in enumerate(goals.items()):
        yield Row(name, {server: [turn[index] for turn in turns] for server, turns in heard.items()}, goal)


def fan_out_targets(facts: Facts, *, has_node: bool) -> list[Target]:
    def ours(count: int) -> list[Socket]:
        return [Socket(f"/ws/group/{facts.var_id}/", token) for token in facts.tokens[:count]]

    def everywhere(path: str) -> Callable[[int], list[Socket]]:
        return lambda count: [Socket(path)] * count

    targets = [
        Target(OURS, "named", ours),
        Target(BASE, "plain", everywhere("/ws/chat/group/")),
        Target(BARE, "plain", everywhere("/")),
    ]
    if has_node:
        path = "/socket.io/?EIO=4&transport=websocket"
        targets += [Target(server, "socketio", everywhere(path)) for server in (SOCKETIO, SOCKETIO_STORING)]
    return targets


def print_fan_out(row: Row, repeats: int) -> None:
    rates = medians(row, lambda heard: heard.delivered)
    p99 = medians(row, lambda heard: heard.p99)
    ratios = ratios_of_ours(rates)
    harness.print_row(
        row.name,
        ratio_to_base=ratios.pop(BASE.name),
        ratio_to={**ratios, "base_p99": round(p99[BASE.name] / p99[OURS.name], 1)},
        ratio_by_core=ratios_of_ours(medians(row, lambda heard: heard.delivered_by_a_core)),
        goals=row.goals,
        deliveries_per_second=rates,
        p50_ms=medians(row, lambda heard: heard.p50),
        p99_ms=p99,
        **circumstances(row, repeats),
    )


# Storing


def storing(turns: Turns, facts: Facts) -> Iterator[Row]:
    """Each sender in a chat of their own, so that what is measured is storing and not who else must be told."""
    heard: dict[str, list[list[Heard]]] = defaultdict(list)
    targets = storing_targets(facts)
    for _ in range(turns.repeats):
        for target in targets:
            phases = [f"ack:{senders}" for senders in SENDERS]
            heard[target.server.name].append(turns.drive(target, max(SENDERS), phases))
    goals: tuple[dict[str, float], ...] = ({}, {"base": 8, "p99_ms": 20}, {"base": 15})
    yield from rows(heard, {f"storing_{n}_senders": goal for n, goal in zip(SENDERS, goals, strict=True)})


def storing_targets(facts: Facts) -> list[Target]:
    def ours(count: int) -> list[Socket]:
        pairs = zip(facts.chats[:count], facts.tokens[:count], strict=True)
        return [Socket(f"/ws/private/{chat}/", token) for chat, token in pairs]

    def base(count: int) -> list[Socket]:
        return [Socket(f"/ws/saving/sender{number}/") for number in range(count)]

    return [Target(OURS, "named", ours), Target(BASE, "named", base), Target(BASE_KEPT, "named", base)]


def print_storing(row: Row, repeats: int) -> None:
    rates = medians(row, lambda heard: heard.acknowledged)
    ratios = ratios_of_ours(rates)
    harness.print_row(
        row.name,
        ratio_to_base=ratios.pop(BASE.name),
        ratio_to=ratios,
        ratio_by_core=ratios_of_ours(medians(row, lambda heard: heard.acknowledged_by_a_core)),
        goals=row.goals,
        messages_per_second=rates,
        ack_p50_ms=medians(row, lambda heard: heard.p50),
        ack_p99_ms=medians(row, lambda heard: heard.p99),
        **circumstances(row, repeats),
    )


def print_service(repeats: int) -> None:
    """What the service stores a second, and what psycopg does of the same rows in one statement a batch."""
    harness.create_database(OURS_URL)
    harness.run_python("manage.py", "migrate", "--verbosity=0", environment=OURS_ENVIRONMENT)
    harness.run_python("-m", "bench.plant_chat", "0", str(max(SENDERS)), environment=OURS_ENVIRONMENT)
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    arguments = ("-m", "bench.storing", str(repeats), *map(str, SENDERS))
    lines = harness.run_python(*arguments, environment=OURS_ENVIRONMENT)
    os.sched_setaffinity(0, mine)
    for line in lines.splitlines():
        seen = json.loads(line)
        harness.print_row(
            f"service_batches_of_{seen['batch']}",
            ratio_to={"bare_insert": round(seen["service"] / seen["bare"], 2)},
            goals={"bare_insert": 0.5},
            rows_per_second={"service": seen["service"], "bare_insert": seen["bare"]},
            repeats=repeats,
        )


# All of them


def print_headroom(turns: Turns, fast_sender: Server) -> None:
    """What the generator can take: of a server in C that does nothing but write."""
    target = Target(fast_sender, "plain", lambda count: [Socket("/")] * count)
    for heard in turns.drive(target, FEW, ["fanout:1", "fanout:16"]):
        harness.print_row(
            f"headroom_200_{heard.width}_in_flight",
            deliveries_per_second=round(heard.delivered),
            p99_ms=heard.p99,
            generator_busy=heard.busy,
        )


def medians(row: Row, figure: Callable[[Heard], float]) -> dict[str, float]:
    return {name: round(median(map(figure, heard)), 2) for name, heard in row.heard.items()}


def ratios_of_ours(rates: Mapping[str, float]) -> dict[str, float]:
    """To each of the others; 0 where another got nothing done."""
    others = {name: rate for name, rate in rates.items() if name != OURS.name}
    return {name: round(rates[OURS.name] / rate, 2) if rate else 0.0 for name, rate in others.items()}


def circumstances(row: Row, repeats: int) -> dict[str, object]:
    return {
        "lost": {name: sum(turn.lost for turn in heard) for name, heard in row.heard.items()},
        "frame_bytes": medians(row, lambda heard: heard.bytes),
        "generator_busy": medians(row, lambda heard: heard.busy),
        "server_busy": medians(row, lambda heard: heard.server_busy),
        "repeats": repeats,
        "rivals": rival_versions(),
    }


def rival_versions() -> dict[str, str]:
    named = {name: version(name) for name in ("channels", "channels_redis", "websockets")}
    locked = NODE_DIRECTORY / "package-lock.json"
    packages = json.loads(locked.read_text())["packages"]
    for name in ("socket.io", "@socket.io/redis-adapter", "pg"):
        named[name] = packages[f"node_modules/{name}"]["version"]
    return named
