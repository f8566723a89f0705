"""The inboxes that are open in this process: who has a socket here is sent what they are told, once a socket."""

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

from django.db import DatabaseError

from core.background import Background
from core.realtime.doorbell import Ring
from core.realtime.exchange import Exchange
from core.realtime.outbox import Outbox
from core.realtime.wire import Frame
from core.surface.socket_figures import figures
from core.threads import in_database_thread
from notifications.models import Notification
from notifications.realtime.rings import group_of, user_of
from notifications.selectors.inbox import Unread, newest_unread, unread_among
from notifications.services.leases import drop_leases_of, settle_leases

log = logging.getLogger(__name__)

SHOWN = 50
REMEMBERED = 1_000
# A ring that was lost costs this much.
LOOK_EVERY = 5.0
RENEW_EVERY = 25.0
TRY_AGAIN_AFTER = 1.0


class Spelling(Protocol):
    """How one contract's frames are written."""

    def notification(self, notification: Notification) -> Frame: ...

    def subscribed(self, unread: int) -> Frame: ...

    def unread_count(self, unread: int) -> Frame: ...


@dataclass(frozen=True, eq=False)
class Reader:
    """One socket of somebody's."""

    outbox: Outbox
    spelling: Spelling

    def welcome(self, unread: int, notifications: Sequence[Notification]) -> None:
        self._send([self.spelling.subscribed(unread), *map(self.spelling.notification, notifications)])
        figures.sent["notification"] += len(notifications)

    def tell(self, unread: int, notifications: Sequence[Notification]) -> None:
        self._send([*map(self.spelling.notification, notifications), self.spelling.unread_count(unread)])
        figures.sent["notification"] += len(notifications)

    def _send(self, frames: Sequence[Frame]) -> None:
        self.outbox.send_many(frames, b"".join(frame.wire for frame in frames))


@dataclass(eq=False)
class Inbox:
    """Of one user. Its readers were told of `unread` and sent what is in `sent`; to what is not above `floor` they were
    too late. The `waiting` ones have not been told yet what is there.
    """

    readers: set[Reader] = field(default_factory=set)
    waiting: set[Reader] = field(default_factory=set)
    unread: Unread | None = None
    sent: set[int] = field(default_factory=set)
    floor: int = 0

    def show(self, unread: Unread, newest: Sequence[Notification]) -> None:
        """By their ids what is new is found even if it was stored before something that is known already."""
        fresh = [one for one in newest if one.pk > self.floor and one.pk not in self.sent]
        if fresh or unread != self.unread:
            for reader in self.readers:
                reader.tell(unread.count, fresh)
        for reader in self.waiting:
            reader.welcome(unread.count, newest)
        if self.unread is None and len(newest) == SHOWN:
            self.floor = newest[0].pk - 1
        self.readers, self.waiting, self.unread = self.readers | self.waiting, set(), unread
        self._remember(newest)

    def _remember(self, newest: Sequence[Notification]) -> None:
        self.sent.update(one.pk for one in newest)
        if len(self.sent) > REMEMBERED:
            latest = sorted(self.sent)[-REMEMBERED // 2 :]
            self.sent, self.floor = set(latest), latest[0] - 1


class Inboxes:
    """A ring says no more than whose inbox has changed: what is in it is read, for all who were rung for at once.

    Now and then all of them are compared with the database, in one query, so that what was missed is made up for.
    """

    def __init__(self, rung_by: Exchange) -> None:
        self._exchange = rung_by
        self._node = uuid4()
        self._background = Background()
        self._inboxes: dict[int, Inbox] = {}
        self._changed: set[int] = set()
        self._rung = asyncio.Event()
        self._leased: set[int] = set()
        self._moved = asyncio.Event()
        self._leasing = asyncio.Lock()

    def start(self) -> None:
        self._background.keep(self._look)
        self._background.keep(self._lease)

    async def stop(self) -> None:
        # What a thread has begun to take is waited for: it would be stored after all was given back.
        async with self._leasing:
            await self._background.stop()
        with suppress(DatabaseError):
            await in_database_thread(drop_leases_of, self._node)

    async def open(self, user_id: int, reader: Reader) -> None:
        """It will be sent what is unread, and what comes; again, if it is open already. Who opens closes."""
        if user_id not in self._inboxes:
            self._inboxes[user_id] = Inbox()
            self._exchange.subscribe(group_of(user_id), self._hear)
            self._moved.set()
        inbox = self._inboxes[user_id]
        inbox.readers.discard(reader)
        inbox.waiting.add(reader)
        await self._exchange.heard(group_of(user_id))
        self._look_soon(user_id)

    def close(self, user_id: int, reader: Reader) -> None:
        inbox = self._inboxes.get(user_id)
        if inbox is None:
            return
        inbox.readers.discard(reader)
        inbox.waiting.discard(reader)
        if not inbox.readers and not inbox.waiting:
            del self._inboxes[user_id]
            self._exchange.unsubscribe(group_of(user_id), self._hear)
            self._moved.set()

    def _hear(self, ring: Ring) -> None:
        self._look_soon(user_of(ring))

    def _look_soon(self, user_id: int) -> None:
        self._changed.add(user_id)
        self._rung.set()

    async def _look(self) -> None:
        """One look after the other, so that nobody is sent anything twice."""
        compared_at = time.monotonic()
        while True:
            await _set_within(self._rung, compared_at + LOOK_EVERY - time.monotonic())
            if time.monotonic() >= compared_at + LOOK_EVERY:
                self._changed.update(self._inboxes)
                compared_at = time.monotonic()
            changed, self._changed = self._changed, set()
            try:
                await self._show(changed & self._inboxes.keys())
            except DatabaseError as trouble:
                log.warning("cannot look into inboxes: %s", type(trouble).__name__)
                self._changed |= changed
                await asyncio.sleep(TRY_AGAIN_AFTER)
                self._rung.set()

    async def _show(self, user_ids: Collection[int]) -> None:
        if not user_ids:
            return
        unread = await in_database_thread(unread_among, user_ids)
        news = [user_id for user_id in user_ids if self._is_news(user_id, unread.get(user_id, Unread()))]
        if not news:
            return
        newest = await in_database_thread(newest_unread, news, limit=SHOWN)
        for user_id in news:
            inbox = self._inboxes.get(user_id)
            if inbox is not None:
                inbox.show(unread.get(user_id, Unread()), newest.get(user_id, ()))

    def _is_news(self, user_id: int, unread: Unread) -> bool:
        inbox = self._inboxes.get(user_id)
        return inbox is not None and (bool(inbox.waiting) or inbox.unread != unread)

    async def _lease(self) -> None:
        """Bring the leases in line with whose inboxes are open, whatever happened meanwhile, and renew them."""
        renewed_at = time.monotonic()
        while True:
            await _set_within(self._moved, renewed_at + RENEW_EVERY - time.monotonic())
            wanted = set(self._inboxes)
            taken, dropped = wanted - self._leased, self._leased - wanted
            if time.monotonic() >= renewed_at + RENEW_EVERY:
                taken, renewed_at = wanted, time.monotonic()
            try:
                async with self._leasing:
                    await in_database_thread(settle_leases, self._node, taken=taken, dropped=dropped)
                self._leased = wanted
            except DatabaseError as trouble:
                log.warning("cannot lease inboxes: %s", type(trouble).__name__)
                await asyncio.sleep(TRY_AGAIN_AFTER)
                self._moved.set()


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), max(0.0, seconds))
    event.clear()
