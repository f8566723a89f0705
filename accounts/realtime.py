"""Who must be told when a session ends, or what somebody may see has changed: in every process, within a second."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from accounts.selectors import sessions_ended_since
from core.background import Background
from core.realtime.doorbell import Ring
from core.realtime.exchange import Exchange, exchange, ring_everywhere
from core.realtime.watchers import Watchers
from core.threads import in_database_thread

log = logging.getLogger(__name__)

PEOPLE = "people"
SWEEP_EVERY = 1.0
# For longer than a sweep and a lost ring take.
LATELY = timedelta(seconds=60)


def end_sessions(session_ids: Iterable[UUID]) -> None:
    """These have ended: what depends on them ends too. Told from any thread, once it is stored."""
    ring_everywhere(PEOPLE, {"sessions": [str(session_id) for session_id in session_ids]}, lasting=True)


def reconsider_users(user_ids: Iterable[int]) -> None:
    """What these users may see or hear has changed: their sockets look again."""
    ring_everywhere(PEOPLE, {"users": list(user_ids)}, lasting=True)


class PeopleWatch:
    """Users and sessions are watched by the sockets that depend on them. A ring that is lost costs a sweep."""

    def __init__(self, rung_by: Exchange, ended_lately: Callable[[], Collection[UUID]]) -> None:
        self.users: Watchers[int] = Watchers()
        self._sessions: Watchers[UUID] = Watchers()
        self._exchange = rung_by
        self._find_ended_lately = ended_lately
        self._ended_lately: set[UUID] = set()
        self._background = Background()

    async def start(self) -> None:
        self._exchange.subscribe(PEOPLE, self._hear)
        await self._exchange.heard(PEOPLE)
        self._background.keep(self._sweep)

    async def stop(self) -> None:
        await self._background.stop()
        self._exchange.unsubscribe(PEOPLE, self._hear)

    def watch_session(self, session_id: UUID, end: Callable[[], None]) -> None:
        """Call `end` when the session ends; at once, if it ended while whoever asks was looking at it."""
        self._sessions.watch(session_id, end)
        if session_id in self._ended_lately:
            end()

    def forget_session(self, session_id: UUID, end: Callable[[], None]) -> None:
        self._sessions.forget(session_id, end)

    def _hear(self, ring: Ring) -> None:
        self._end(UUID(session_id) for session_id in ring.get("sessions", ()))
        for user_id in ring.get("users", ()):
            self.users.tell(user_id)

    def _end(self, session_ids: Iterable[UUID]) -> None:
        for session_id in session_ids:
            self._ended_lately.add(session_id)
            self._sessions.tell(session_id)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            if not self._sessions:
                continue
            try:
                ended = set(await in_database_thread(self._find_ended_lately))
            except DatabaseError as trouble:
                log.warning("cannot look for sessions that ended: %s", type(trouble).__name__)
                continue
            news, self._ended_lately = ended - self._ended_lately, ended
            self._end(news)


_running: dict[asyncio.AbstractEventLoop, "asyncio.Future[PeopleWatch]"] = {}


async def people_watch() -> PeopleWatch:
    """This loop's, started when first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _running:
        _running[loop] = asyncio.ensure_future(_start())
    return await asyncio.shield(_running[loop])


async def stop_people_watch() -> None:
    running = _running.pop(asyncio.get_running_loop(), None)
    if running is not None:
        await (await running).stop()


async def _start() -> PeopleWatch:
    watch = PeopleWatch(await exchange(), lambda: sessions_ended_since(timezone.now() - LATELY))
    await watch.start()
    return watch
