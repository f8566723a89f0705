"""The counters of one server process: asked for once for all who watch, and only while somebody does."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.db import DatabaseError
from django.utils import timezone

from accounts.errors import SessionEnded
from analytics.counters import View, counters_of
from analytics.realtime.passes import Pass, holders_of
from core.background import Background
from core.errors import DomainError, NotFound
from core.realtime.wire import Frame, frame_of, moment_in_frame
from core.threads import in_database_thread

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
COUNT_EVERY = 3.0


@dataclass(frozen=True, eq=False)
class Watcher:
    """One socket: what it looks at, how it is shown the counters, and how it is told why it is shown no more."""

    by: Pass
    view: View
    show: Callable[[Frame], None]
    show_out: Callable[[DomainError], None]


class Board:
    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._somebody = asyncio.Event()
        self._background = Background()
        self._shown: dict[View, Frame] = {}
        self._shown_at = float("-inf")

    def start(self) -> None:
        self._background.keep(self._run)

    async def stop(self) -> None:
        await self._background.stop()

    def attach(self, watcher: Watcher) -> None:
        """They are shown what others see of the same at once, if that is not old, and whatever comes."""
        self._watchers.add(watcher)
        self._somebody.set()
        if watcher.view in self._shown and not self._is_stale:
            watcher.show(self._shown[watcher.view])

    def detach(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        if not self._watchers:
            self._somebody.clear()

    @property
    def _is_stale(self) -> bool:
        return asyncio.get_running_loop().time() - self._shown_at >= COUNT_EVERY

    async def _run(self) -> None:
        while True:
            await self._somebody.wait()
            try:
                await self._look()
            except DatabaseError as trouble:
                log.warning("cannot count: %s", type(trouble).__name__)
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self) -> None:
        watchers = list(self._watchers)
        holders = await in_database_thread(holders_of, [watcher.by for watcher in watchers])
        for watcher in watchers:
            if watcher.by not in holders or not watcher.view.admits(holders[watcher.by]):
                watcher.show_out(SessionEnded())
        if self._is_stale and self._watchers:
            await self._count()

    async def _count(self) -> None:
        at, watchers = timezone.now(), list(self._watchers)
        counted = await in_database_thread(counters_of, {watcher.view for watcher in watchers}, at)
        told = {"type": "counters", "at": moment_in_frame(at)}
        self._shown = {view: frame_of({**told, **asdict(counters)}) for view, counters in counted.items()}
        self._shown_at = asyncio.get_running_loop().time()
        for watcher in self._watchers.intersection(watchers):
            if watcher.view in self._shown:
                watcher.show(self._shown[watcher.view])
            else:
                watcher.show_out(NotFound())


_running: dict[asyncio.AbstractEventLoop, Board] = {}


def board() -> Board:
    """This loop's, started when first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _running:
        _running[loop] = Board()
        _running[loop].start()
    return _running[loop]


async def stop_board() -> None:
    running = _running.pop(asyncio.get_running_loop(), None)
    if running is not None:
        await running.stop()
