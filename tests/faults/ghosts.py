"""K8. Kill one of two servers through which a workspace's people are there: those are gone, and only those.

python -m tests.faults.ghosts [--quick] [--seed 1]
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.faults.ground import own_database, own_directory, own_redis
from tests.faults.report import asked, report, versions_of
from tests.faults.stage import Stage, set_stage

PRESENCE = "/ws/presence/"
PEOPLE, QUICK_PEOPLE = 200, 20
BEAT_EVERY = 30.0
COMING = 30.0
# How long a lease lasts, and the time between two looks at everybody, with what a loaded machine takes.
GONE_WITHIN = 75.0 + 5.0 + 2.0
AT_MOST = {"unseen": 0, "ghosts": 0, "wrongly_gone": 0, "told_twice": 0, "leases_left": 0, "gone_after": GONE_WITHIN}


def main() -> int:
    options = asked(__doc__)
    people = QUICK_PEOPLE if options.quick else PEOPLE
    with own_database() as database_url, own_directory() as directory, own_redis(directory) as redis:
        stage = set_stage(directory, database_url=database_url, redis_url=redis.url, people=people)
        figures = asyncio.run(play(stage))
        versions = versions_of(database_url, redis.url)
    return report("K8", figures, AT_MOST, seed=options.seed, versions=versions)


class Onlooker:
    """One person's socket: who is online as far as it knows, and when it was told of whom that they are not."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.online: set[str] = set()
        self.gone_at: list[tuple[str, float]] = []
        self._tasks = [asyncio.ensure_future(self._hear()), asyncio.ensure_future(self._beat())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.socket.close()

    async def _hear(self) -> None:
        with suppress(ConnectionClosed):
            async for text in self.socket:
                frame = json.loads(text)
                if frame["status"] == "online":
                    self.online.add(frame["user_email"])
                else:
                    self.online.discard(frame["user_email"])
                    self.gone_at.append((frame["user_email"], time.monotonic()))

    async def _beat(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(BEAT_EVERY)
                await self.socket.send(json.dumps({"type": "heartbeat", "status": "online"}))


async def play(stage: Stage) -> dict[str, float]:
    async with stage.serving(2) as (doomed, other):
        ports = [(doomed, other)[number % 2].port for number in range(len(stage.tokens))]
        everybody = await asyncio.gather(*(_come(port, token) for port, token in zip(ports, stage.tokens, strict=True)))
        stayers = everybody[1::2]
        await _until(lambda: all(len(one.online) == len(everybody) - 1 for one in everybody), COMING)
        unseen = sum(len(everybody) - 1 - len(one.online) for one in everybody)
        doomed.kill()
        killed_at = time.monotonic()
        await _until(lambda: all(len(one.online) <= len(stayers) - 1 for one in stayers), GONE_WITHIN + 10)
        await asyncio.sleep(2)
        figures = _judge(stayers, killed_at)
        leases_left = _leases(stage.database_url) - len(stayers)
        await asyncio.gather(*(one.close() for one in stayers))
    return {"people": len(everybody), "unseen": unseen, "leases_left": leases_left, **figures}


def _judge(stayers: list[Onlooker], killed_at: float) -> dict[str, float]:
    told = [len(one.gone_at) for one in stayers]
    waits = [at - killed_at for one in stayers for _, at in one.gone_at]
    return {
        "ghosts": sum(max(0, len(one.online) - (len(stayers) - 1)) for one in stayers),
        "wrongly_gone": sum(max(0, len(stayers) - 1 - len(one.online)) for one in stayers),
        "told_twice": sum(
            count - len({email for email, _ in one.gone_at}) for count, one in zip(told, stayers, strict=True)
        ),
        "gone_first_after": round(min(waits, default=0.0), 1),
        "gone_after": round(max(waits, default=float("inf")), 1),
    }


async def _come(port: int, token: str) -> Onlooker:
    headers = {"Authorization": f"Bearer {token}"}
    return Onlooker(
        await connect(
            f"ws://127.0.0.1:{port}{PRESENCE}",
            additional_headers=headers,
            proxy=None,
            compression=None,
            open_timeout=30,
        )
    )


async def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


def _leases(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT count(*) FROM workspaces_presencelease").fetchone()
    return int(found[0]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
