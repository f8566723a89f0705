"""Tasks of one owner on an event loop. None of them fails silently."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

log = logging.getLogger(__name__)

RESTART_AFTER = 1.0
CANCEL_AGAIN_AFTER = 0.5
CANCELLATIONS = 6


class Background:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run it for as long as this owner lives: what fails is logged, and started again a second later."""
        self.start(self._keep(run))

    def start(self, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run it once. What it raises is logged."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """Cancel what runs, and wait for it to end.

        A cancellation that meets an error of a library's on its way is lost with it, so it is asked for again.
        """
        running = set(self._tasks)
        for _ in range(CANCELLATIONS):
            if not running:
                return
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_AFTER)
        log.error("%d background tasks would not end", len(running))

    async def _keep(self, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await run()
            # The boundary: whatever one turn could not cope with must not end all later ones.
            except Exception as trouble:
                log.error("%s failed and is started again", _name_of(run), exc_info=trouble)
            await asyncio.sleep(RESTART_AFTER)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (trouble := task.exception()) is not None:
            log.error("%s failed", task.get_coro(), exc_info=trouble)


async def within(seconds: float, waiting: Awaitable[object]) -> None:
    """Wait for it, but no longer than that: it is cancelled then."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting


def _name_of(run: object) -> str:
    return str(getattr(run, "__qualname__", run))
