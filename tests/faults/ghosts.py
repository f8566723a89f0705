"""K8. Kill one of two servers through which a workspace's people are there: those who are gone are gone for everybody
in time, and nobody else ever is: not who is on the other server, not who has a tab on each, and not who comes to the
other one within five seconds. One person whose server lives falls silent meanwhile.

python -m tests.faults.ghosts [--quick] [--seed 1]
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Collection
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
COMES_BACK_WITHIN = 5.0
GONE_WITHIN = 75.0
# Told when it is noticed, and news are gathered for a quarter of a second at both ends.
SILENT_FOR = (75.0, 76.0)
AT_MOST = {
    "unseen": 0,
    "ghosts": 0,
    "wrongly_gone": 0,
    "wrongly_told": 0,
    "told_twice": 0,
    "leases_left": 0,
    "gone_after": GONE_WITHIN,
    "silent_too_soon": 0,
    "silent_after": SILENT_FOR[1],
}


def main() -> int:
    options = asked(__doc__)
    people = QUICK_PEOPLE if options.quick else PEOPLE
    with own_database() as database_url, own_directory() as directory, own_redis(directory) as redis:
        stage = set_stage(directory, database_url=database_url, redis_url=redis.url, people=people)
        figures = asyncio.run(play(stage, random.Random(options.seed)))
        versions = versions_of(database_url, redis.url)
    return report("K8", figures, AT_MOST, seed=options.seed, versions=versions)


class Onlooker:
    """One person's socket: who is online as far as it knows, and when it was told of whom that they are not."""

    def __init__(self, socket: ClientConnection, *, beats: bool) -> None:
        self.online: set[str] = set()
        self.gone_at: list[tuple[str, float]] = []
        self.came_at = time.monotonic()
        self._socket = socket
        self._tasks = [asyncio.ensure_future(self._hear())]
        if beats:
            self._tasks.append(asyncio.ensure_future(self._beat()))

    @classmethod
    async def come(cls, port: int, token: str, *, beats: bool = True) -> "Onlooker":
        return cls(
            await connect(
                f"ws://127.0.0.1:{port}{PRESENCE}",
                additional_headers={"Authorization": f"Bearer {token}"},
                proxy=None,
                compression=None,
                open_timeout=30,
            ),
            beats=beats,
        )

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._socket.close()

    def waits(self, emails: Collection[str], since: float) -> list[float]:
        """How long after that moment it was told of each of these; for ever, where it was not."""
        gone_at = dict(reversed(self.gone_at))
        return [gone_at.get(email, float("inf")) - since for email in emails]

    async def _hear(self) -> None:
        with suppress(ConnectionClosed):
            async for text in self._socket:
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
                await self._socket.send(json.dumps({"type": "heartbeat", "status": "online"}))


async def play(stage: Stage, chance: random.Random) -> dict[str, float]:
    async with stage.serving(2) as (doomed, other):
        silent_token, *tokens = stage.tokens
        leaving, staying, on_both, returning = (tokens[part::4] for part in range(4))
        goers = await _come_all(doomed.port, leaving)
        doomed_tabs = await _come_all(doomed.port, [*returning, *on_both])
        stayers = await _come_all(other.port, [*staying, *on_both])
        silent = await Onlooker.come(other.port, silent_token, beats=False)
        everybody = [*goers, *doomed_tabs, *stayers, silent]
        await _until(lambda: all(len(one.online) == len(tokens) for one in everybody), COMING)
        unseen = sum(len(tokens) - len(one.online) for one in everybody)
        emails = set().union(*(one.online for one in everybody))
        gone = set().union(*(emails - one.online for one in goers))
        gone_silent = emails - silent.online
        doomed.kill()
        killed_at = time.monotonic()
        stayers += await asyncio.gather(*(_come_back(other.port, token, chance) for token in returning))
        there = len(stayers) - len(gone_silent)
        await _until(lambda: all(len(one.online) <= there for one in stayers), GONE_WITHIN + 10)
        await asyncio.sleep(2)
        figures = {
            "people": len(stage.tokens),
            "unseen": unseen,
            "leases_left": _leases(stage.database_url) - len(stayers),
            **_judge(stayers, emails, gone, gone_silent, killed_at, silent.came_at),
        }
        await asyncio.gather(*(one.close() for one in everybody))
    return figures


async def _come_all(port: int, tokens: Collection[str]) -> list[Onlooker]:
    return await asyncio.gather(*(Onlooker.come(port, token) for token in tokens))


async def _come_back(port: int, token: str, chance: random.Random) -> Onlooker:
    await asyncio.sleep(chance.uniform(0, COMES_BACK_WITHIN - 1))
    return await Onlooker.come(port, token)


def _judge(
    stayers: list[Onlooker], emails: set[str], gone: set[str], gone_silent: set[str], killed_at: float, silent_at: float
) -> dict[str, float]:
    told = [[email for email, _ in one.gone_at] for one in stayers]
    waits = [wait for one in stayers for wait in one.waits(gone, killed_at)]
    silent_waits = [wait for one in stayers for wait in one.waits(gone_silent, silent_at)]
    there = emails - gone - gone_silent
    return {
        "ghosts": sum(len(one.online - there) for one in stayers),
        "wrongly_gone": sum(len(there - one.online) - 1 for one in stayers),
        "wrongly_told": sum(email in there for them in told for email in them),
        "told_twice": sum(len(them) - len(set(them)) for them in told),
        "gone_first_after": round(min(waits), 1),
        "gone_after": round(max(waits), 1),
        "silent_too_soon": sum(wait < SILENT_FOR[0] - 0.1 for wait in silent_waits),
        "silent_after": round(max(silent_waits), 2),
    }


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
