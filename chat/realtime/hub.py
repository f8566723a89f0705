"""The process-wide hub: which local sockets are in which room, and how each room stays in step with the database.

All of it runs on one event loop. The channel layer is a doorbell; what was stored is read from the database whenever a
doorbell was missed: a gap is filled after 50 ms, and once a second every room's head is compared, in one query for all.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import DatabaseError

from chat.entries import Entry, Stretch, Whisper
from chat.realtime import rings
from chat.realtime.figures import figures
from chat.realtime.listener import Listener
from chat.realtime.room import Room
from core.background import Background
from core.realtime.doorbell import Ring
from core.realtime.exchange import Exchange
from core.threads import in_database_thread

log = logging.getLogger(__name__)

GAP_WAIT = 0.05
WHISPER_EVERY = 0.1
SWEEP_EVERY = 1.0
RESUME_LIMIT = 1000


@dataclass(frozen=True)
class Facts:
    """The database's word.

    The entries after a `seq`, at most so many; the last `seq` of each of these conversations that there is.
    """

    entries_since: Callable[[int, int, int], Stretch]
    heads_of: Callable[[Iterable[int]], dict[int, int]]


class Hub:
    def __init__(self, rung_by: Exchange, facts: Facts) -> None:
        self.loop = asyncio.get_running_loop()
        self.rooms: dict[int, Room] = {}
        self._exchange = rung_by
        self._facts = facts
        self._background = Background()
        self._flushing: set[Room] = set()

    def start(self) -> None:
        self._exchange.subscribe(rings.MANY_ROOMS, self._on_rings)
        self._background.keep(self._sweep)

    async def stop(self) -> None:
        await self._background.stop()
        self._exchange.unsubscribe(rings.MANY_ROOMS, self._on_rings)

    # Listeners

    async def attach(self, conversation_id: int, listener: Listener) -> Room:
        """From now on the listener hears the room; what was stored before is for `resume`. Raises DatabaseError."""
        room = self.rooms.get(conversation_id) or self._open(conversation_id)
        listener.seen = room.head
        room.listeners[listener.spelling].add(listener)
        try:
            await asyncio.shield(room.ready)
        except (DatabaseError, asyncio.CancelledError):
            self.detach(room, listener)
            raise
        return room

    def detach(self, room: Room, listener: Listener) -> None:
        room.listeners[listener.spelling].discard(listener)
        if room.is_empty:
            self._close(room)

    async def resume(self, room: Room, listener: Listener, since: int) -> None:
        """Send every stored entry after `since`, at most 1,000, then let live ones through without gap or repeat.

        Raises DatabaseError; the listener then goes on as before.
        """
        listener.hold()
        figures.resumes += 1
        try:
            stretch = await in_database_thread(
                self._facts.entries_since, room.conversation_id, max(since, 0), RESUME_LIMIT
            )
            await listener.catch_up(stretch)
        finally:
            listener.release()

    # What happened

    def publish(self, entries: Sequence[Entry]) -> None:
        """Entries that were just stored: to the local sockets at once, to other processes by doorbell."""
        stored = by_conversation(entries)
        for conversation_id, some in stored.items():
            self._deliver(conversation_id, some)
        for group, ring in rings.of_rooms(stored):
            self._exchange.ring(group, ring)

    def whisper(self, conversation_id: int, whisper: Whisper) -> None:
        """Something fleeting, for who is in the room now: typing, receipts, presence."""
        self._hear(conversation_id, whisper)
        self._exchange.ring(rings.group_of(conversation_id), rings.of_whisper(conversation_id, whisper))

    def reconsider_room(self, conversation_id: int) -> None:
        """Who may be in this room has changed."""
        self._reconsider_room(conversation_id)
        self._exchange.ring(rings.group_of(conversation_id), rings.of_room(conversation_id), lasting=True)

    # Rooms

    def _open(self, conversation_id: int) -> Room:
        room = self.rooms[conversation_id] = Room(conversation_id, self.loop.create_future())
        self._exchange.subscribe(rings.group_of(conversation_id), self._on_ring)
        self._background.start(self._make_ready(room))
        return room

    async def _make_ready(self, room: Room) -> None:
        """Join first and read the head after, so that nothing falls between."""
        await self._exchange.heard(rings.group_of(room.conversation_id))
        try:
            heads = await in_database_thread(self._facts.heads_of, [room.conversation_id])
        except DatabaseError as trouble:
            self._close(room)
            room.ready.set_exception(trouble)
            room.ready.exception()
            return
        room.open_at(heads.get(room.conversation_id, 0))
        room.ready.set_result(None)
        self._flush_soon(room)
        self._heal_if_behind(room)

    def _close(self, room: Room) -> None:
        if self.rooms.get(room.conversation_id) is room:
            del self.rooms[room.conversation_id]
            self._exchange.unsubscribe(rings.group_of(room.conversation_id), self._on_ring)

    def _on_rings(self, together: Ring) -> None:
        for ring in together["rooms"]:
            if ring["room"] in self.rooms:
                self._on_ring(ring)

    def _on_ring(self, ring: Ring) -> None:
        match rings.read(ring):
            case rings.EntriesRang(room=room_id, entries=entries):
                self._deliver(room_id, entries)
            case rings.SeqRang(room=room_id, seq=seq):
                self._hear_of(room_id, seq)
            case rings.WhisperRang(room=room_id, whisper=whisper):
                self._hear(room_id, whisper)
            case rings.RoomRang(room=room_id):
                self._reconsider_room(room_id)

    def _deliver(self, conversation_id: int, entries: Sequence[Entry]) -> None:
        room = self.rooms.get(conversation_id)
        if room is None:
            return
        for entry in entries:
            room.line_up(entry)
        self._flush_soon(room)
        self._heal_if_behind(room, after=GAP_WAIT)

    def _hear_of(self, conversation_id: int, seq: int) -> None:
        """Something is stored there that was too large for a ring, or whose ring was lost."""
        room = self.rooms.get(conversation_id)
        if room is not None:
            room.heard_of = max(room.heard_of, seq)
            self._heal_if_behind(room)

    def _flush_soon(self, room: Room) -> None:
        """Once per turn of the loop, so that what arrived in it goes out in one write."""
        if room.outgoing and room not in self._flushing:
            self._flushing.add(room)
            self.loop.call_soon(self._flush, room)

    def _flush(self, room: Room) -> None:
        self._flushing.discard(room)
        room.flush()
        self._flush_soon(room)

    def _hear(self, conversation_id: int, whisper: Whisper) -> None:
        """Whispers of a tenth of a second go out together."""
        room = self.rooms.get(conversation_id)
        if room is None:
            return
        if not room.whispers:
            self.loop.call_at(max(self.loop.time(), room.whispered_at + WHISPER_EVERY), self._flush_whispers, room)
        room.whisper(whisper)

    def _flush_whispers(self, room: Room) -> None:
        room.whispered_at = self.loop.time()
        room.flush_whispers()

    def _reconsider_room(self, conversation_id: int) -> None:
        room = self.rooms.get(conversation_id)
        if room is not None:
            room.reconsider()

    # Healing

    def _heal_if_behind(self, room: Room, *, after: float = 0) -> None:
        if room.is_behind and not room.is_healing:
            room.is_healing = True
            self.loop.call_later(after, lambda: self._background.start(self._heal(room)))

    async def _heal(self, room: Room) -> None:
        """Read what was missed, until the room is where the database is. With that away, the next sweep tries again."""
        try:
            while room.is_behind and not room.is_empty:
                figures.heals += 1
                furthest = room.furthest
                stretch = await in_database_thread(
                    self._facts.entries_since, room.conversation_id, room.head, RESUME_LIMIT
                )
                room.settle(stretch, furthest)
                self._flush_soon(room)
        except DatabaseError as trouble:
            log.warning("cannot heal a room yet: %s", type(trouble).__name__)
        finally:
            room.is_healing = False

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            if self.rooms:
                try:
                    await self._compare()
                except DatabaseError as trouble:
                    log.warning("cannot compare with the database: %s", type(trouble).__name__)

    async def _compare(self) -> None:
        """A conversation that is gone closes its sockets: they look whether they may still be there."""
        asked = list(self.rooms)
        heads = await in_database_thread(self._facts.heads_of, asked)
        for conversation_id in asked:
            if conversation_id in heads:
                self._hear_of(conversation_id, heads[conversation_id])
            else:
                self._reconsider_room(conversation_id)


def by_conversation(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    grouped: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        grouped[entry.conversation_id].append(entry)
    return grouped
