"""The counters of one server process: asked for once for all who watch, and only while somebody does."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.db import DatabaseError
from django.utils import timezone

from analytics.counters import live_counters
from analytics.realtime.passes import Pass, passes_that_serve
from core.background import Background
from core.realtime.wire import Frame, frame_of, moment_in_frame
from core.threads import in_database_thread

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
COUNT_EVERY = 3.0


@dataclass(frozen=True, eq=False)
class Watcher:
    """One socket: how it is shown the counters, and how it is told that its pass serves no more."""

    by: Pass
    show: Callable[[Frame], None]
    show_out: Callable[[], None]


class Board:
    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._somebody = asyncio.Event()
        self._background = Background()
        self._shown = Frame(b"")
        self._shown_at = float("-inf")

    def start(self) -> None:
        self._background.keep(self._run)

    async def stop(self) -> None:
        await self._background.stop()

    def attach(self, watcher: Watcher) -> None:
        """They are shown what the others see at once, if that is not old, and whatever comes."""
        self._watchers.add(watcher)
        self._somebody.set()
        if not self._is_stale:
            watcher.show(self._shown)

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
        serving = await in_database_thread(passes_that_serve, [watcher.by for watcher in watchers])
        for watcher in watchers:
            if watcher.by not in serving:
                watcher.show_out()
        if self._is_stale and self._watchers:
            await self._count()

    async def _count(self) -> None:
        at = timezone.now()
        counters = asdict(await in_database_thread(live_counters, at))
        told = {"type": "counters", "at": moment_in_frame(at), **counters}
        self._shown, self._shown_at = frame_of(told), asyncio.get_running_loop().time()
        for watcher in tuple(self._watchers):
            watcher.show(self._shown)


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
