"""The inboxes that are open in this process: who has a socket here is sent what they are told, once a socket."""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable
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
from notifications.selectors.inbox import Place, Portion, Unread, next_unread, unread_among
from notifications.services.leases import drop_leases_of, settle_leases

log = logging.getLogger(__name__)

# Of what is unread so many are looked at: more than are remembered, so that each look finds some to send.
LOOKED_AT = 200
REMEMBERED = 100
# A ring that was lost costs this much.
LOOK_EVERY = 5.0
RENEW_EVERY = 25.0
TRY_AGAIN_AFTER = 1.0


class Spelling(Protocol):
    """How one contract's frames are written."""

    def notification(self, notification: Notification) -> Frame: ...

    def subscribed(self, unread: int) -> Frame: ...

    def unread_count(self, unread: int) -> Frame: ...


@dataclass(eq=False)
class Reader:
    """One socket of somebody's. It was sent what it is past, of what was unread when it asked, and was `told` how much
    is unread, if it was; more may be there while it `is_behind`, and it is sent nothing while it has much to take.
    """

    outbox: Outbox
    spelling: Spelling
    place: Place = field(init=False)
    told: Unread | None = field(default=None, init=False)
    is_behind: bool = field(default=True, init=False)
    is_taking: bool = field(default=False, init=False)

    def start_over(self, user_id: int) -> None:
        self.place, self.told, self.is_behind = Place(user_id), None, True

    def wants(self, unread: Unread) -> bool:
        return not self.is_taking and (self.is_behind or self.told != unread)

    def show(self, unread: Unread, portion: Portion) -> None:
        frames = [self.spelling.notification(one) for one in portion.notifications]
        if self.told is None:
            frames.insert(0, self.spelling.subscribed(unread.count))
        elif self.told != unread:
            frames.append(self.spelling.unread_count(unread.count))
        if frames:
            self.outbox.send_many(frames, b"".join(frame.wire for frame in frames))
        figures.sent["notification"] += len(portion.notifications)
        self.told, self.is_behind = unread, not portion.is_last
        self._go_past(one.pk for one in portion.notifications)

    def _go_past(self, keys: Iterable[int]) -> None:
        """By their ids what is new is found even if it was stored before something that is known already; what is as
        old as all that are remembered is too late.
        """
        seen = sorted(self.place.seen.union(keys))
        floor = seen[-REMEMBERED] - 1 if len(seen) > REMEMBERED else self.place.floor
        self.place = Place(self.place.user_id, floor, frozenset(seen[-REMEMBERED:]))


class Inboxes:
    """A ring says no more than whose inbox has changed: what is in it is read, for all who were rung for at once, a
    portion for each socket; who has not had all of it gets the next one as soon as they have taken this.

    Now and then all of them are compared with the database, in one query, so that what was missed is made up for.
    """

    def __init__(self, rung_by: Exchange) -> None:
        self._exchange = rung_by
        self._node = uuid4()
        self._background = Background()
        self._inboxes: dict[int, set[Reader]] = {}
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
        reader.start_over(user_id)
        if user_id not in self._inboxes:
            self._inboxes[user_id] = set()
            self._exchange.subscribe(group_of(user_id), self._hear)
        self._inboxes[user_id].add(reader)
        await self._exchange.heard(group_of(user_id))
        self._look_soon(user_id)

    def close(self, user_id: int, reader: Reader) -> None:
        readers = self._inboxes.get(user_id, set())
        readers.discard(reader)
        if user_id in self._inboxes and not readers:
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
        wanting = [
            (reader, reader.place)
            for user_id in user_ids
            for reader in self._inboxes.get(user_id, ())
            if reader.wants(unread.get(user_id, Unread()))
        ]
        if not wanting:
            return
        portions = await in_database_thread(next_unread, [place for _, place in wanting], limit=LOOKED_AT)
        for (reader, place), portion in zip(wanting, portions, strict=True):
            # One that has started over meanwhile is somewhere else.
            if reader.place is place and reader in self._inboxes.get(place.user_id, ()):
                self._show_to(reader, unread.get(place.user_id, Unread()), portion)

    def _show_to(self, reader: Reader, unread: Unread, portion: Portion) -> None:
        was_behind = reader.is_behind
        reader.show(unread, portion)
        if reader.is_behind:
            reader.is_taking = True
            self._background.start(self._look_when_taken(reader))
        elif was_behind:
            self._moved.set()

    async def _look_when_taken(self, reader: Reader) -> None:
        await reader.outbox.drained()
        reader.is_taking = False
        self._look_soon(reader.place.user_id)

    async def _lease(self) -> None:
        """Bring the leases in line with who has been sent all there is, whatever happened meanwhile, and renew them."""
        renewed_at = time.monotonic()
        while True:
            await _set_within(self._moved, renewed_at + RENEW_EVERY - time.monotonic())
            wanted = {
                user_id for user_id, readers in self._inboxes.items() if not all(one.is_behind for one in readers)
            }
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
