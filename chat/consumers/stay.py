"""How long a socket may stay where it is: looked at again when something has changed, and when its time is over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from django.db import DatabaseError
from django.utils import timezone

log = logging.getLogger(__name__)

TRY_AGAIN_AFTER = 1.0
# A day at the latest: a timer far away is of no use to anybody.
LONGEST_WAIT = 24 * 3600.0


class Stay:
    """`look` asks the database, shows out who may stay no longer, and says when to look again.

    However often it is asked to reconsider, one look runs at a time, and one that was asked for meanwhile follows it.
    What changes while the socket still enters is looked at once it is in.
    """

    def __init__(self, look: Callable[[], Awaitable[datetime | None]]) -> None:
        self._look = look
        self._has_begun = False
        self._is_stale = False
        self._looking: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, until: datetime | None) -> None:
        self._has_begun = True
        self._wait_until(until)
        if self._is_stale:
            self.reconsider()

    def reconsider(self) -> None:
        self._is_stale = True
        if self._has_begun and self._looking is None:
            self._looking = asyncio.ensure_future(self._reconsider())

    def end(self) -> None:
        self._has_begun = False
        self._wait_until(None)
        if self._looking is not None:
            self._looking.cancel()

    async def _reconsider(self) -> None:
        try:
            while self._is_stale:
                self._is_stale = False
                try:
                    self._wait_until(await self._look())
                except DatabaseError as trouble:
                    log.warning("cannot look at where a socket is: %s", type(trouble).__name__)
                    self._is_stale = True
                    await asyncio.sleep(TRY_AGAIN_AFTER)
        finally:
            self._looking = None

    def _wait_until(self, until: datetime | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if until is not None:
            seconds = max(0.0, (until - timezone.now()).total_seconds())
            self._timer = asyncio.get_running_loop().call_later(min(seconds, LONGEST_WAIT), self.reconsider)
