"""Where a row is played: a migrated database with people in a venue's group, and the environment of its servers."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.chatter import Chatter
from tests.faults.ground import ROOT, Server

GROUP = "/ws/group/faults/"


@dataclass(frozen=True)
class Stage:
    directory: Path
    environment: Mapping[str, str]
    tokens: Sequence[str]

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        return self.environment.get("REDIS_URL", "")

    def server(self, **more: str) -> Server:
        return Server(self.directory, {**self.environment, **more})

    @asynccontextmanager
    async def serving(self, count: int, **more: str) -> AsyncIterator[list[Server]]:
        """So many of them, from when they listen until the block ends."""
        servers = [self.server(**more) for _ in range(count)]
        for server in servers:
            server.start()
        try:
            await asyncio.gather(*(server.listening() for server in servers))
            yield servers
        finally:
            for server in servers:
                server.end()

    def chatters(self, ports: Sequence[Sequence[int]]) -> list[Chatter]:
        """One for each token; those of the first have the first of `ports`, and so on in turns."""
        return [
            Chatter(f"guest{number}", ports[number % len(ports)], GROUP, token)
            for number, token in enumerate(self.tokens)
        ]


def set_stage(directory: Path, *, database_url: str, redis_url: str = "", people: int) -> Stage:
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment = {
        **inherited,
        "ENV_FILE": os.devnull,
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(directory / "data"),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }
    _python(environment, "manage.py", "migrate", "--verbosity=0")
    tokens = json.loads(_python(environment, "-m", "tests.faults.plant", str(people)))
    return Stage(directory, environment, tokens)


def _python(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout
