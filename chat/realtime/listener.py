"""One socket in one room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chat.entries import Entry, Stretch, Whisper
from chat.realtime.figures import figures
from core.realtime.outbox import Outbox
from core.realtime.wire import Frame
from core.surface.socket_figures import figures as sockets

HELD_LIMIT = 1000
CHUNK_BYTES = 128 * 1024


class Spelling(Protocol):
    """How one contract's frames are written. One object for all its sockets, so that a frame is written once."""

    def entry(self, entry: Entry) -> Frame: ...

    def whisper(self, whisper: Whisper) -> Frame: ...

    def ack(self, client_id: str, message_id: int, seq: int) -> Frame: ...

    def resumed(self, seq: int, complete: bool) -> Frame: ...


@dataclass(frozen=True)
class Batch:
    """Entries as one spelling writes them: their frames, the bytes of all of them, and whose messages they concern."""

    entries: Sequence[Entry]
    frames: Sequence[Frame]
    wire_bytes: bytes
    sender_ids: frozenset[int]


@dataclass(frozen=True)
class Murmur:
    """The same of whispers. `others_only` are those who are not told of their own."""

    whispers: Sequence[Whisper]
    frames: Sequence[Frame]
    wire_bytes: bytes
    user_ids: frozenset[int]
    others_only: frozenset[int]


@dataclass(eq=False)
class Listener:
    """`seen` is the last `seq` this socket was sent. While it resumes, live entries wait in `held`; one that was told
    to ask again is not `live`, since what it misses meanwhile is what it will ask for.

    `hides` are those whose messages, and `deaf_to` those whose whispers it is not sent; of one that is not `admitted`
    yet, live entries are to be held, and it hears no whispers. `reconsider` makes it look whether it may still be here.
    """

    outbox: Outbox
    spelling: Spelling
    user_id: int
    reconsider: Callable[[], None]
    hides: frozenset[int] = frozenset()
    deaf_to: frozenset[int] = frozenset()
    seen: int = 0
    live: bool = True
    admitted: bool = True
    _held: list[Entry] | None = field(default=None, init=False)

    def take(self, batch: Batch) -> None:
        if self._held is not None:
            self._held.extend(batch.entries)
            del self._held[HELD_LIMIT + 1 :]
        elif self.live:
            if batch.entries[0].seq > self.seen and self.hides.isdisjoint(batch.sender_ids):
                self.seen = batch.entries[-1].seq
                self.outbox.send_many(batch.frames, batch.wire_bytes)
            else:
                self._take_some(batch)

    def hear(self, murmur: Murmur) -> None:
        """Nobody is told of their own typing, nor of anything from those they are deaf to."""
        if not self.admitted:
            return
        if self.user_id not in murmur.others_only and self.deaf_to.isdisjoint(murmur.user_ids):
            self.outbox.send_many(murmur.frames, murmur.wire_bytes)
            return
        for whisper, frame in zip(murmur.whispers, murmur.frames, strict=True):
            if self._may_hear(whisper):
                self.outbox.send(frame)

    def hold(self) -> None:
        """Live entries wait from now on."""
        self._held = []

    async def catch_up(self, stretch: Stretch) -> None:
        """Send what was stored, as fast as the client takes it, then say up to where and let live ones through.

        If more was stored than was read, or came meanwhile than may wait, live ones stay away until the client asks
        again.
        """
        await self._send_in_chunks(stretch.entries)
        self.seen = stretch.upto
        self.live = stretch.complete and len(self._held or ()) <= HELD_LIMIT
        self.outbox.send(self.spelling.resumed(stretch.upto, self.live))
        figures.note_sent(stretch.entries, 1)
        sockets.sent["resumed"] += 1

    def release(self) -> None:
        """Give what waited, if it is still wanted."""
        held, self._held = self._held, None
        if held:
            self.take(spelled(held, self.spelling))

    def _may_hear(self, whisper: Whisper) -> bool:
        return whisper.user_id not in self.deaf_to and not (whisper.others_only and whisper.user_id == self.user_id)

    def _take_some(self, batch: Batch) -> None:
        for entry, frame in zip(batch.entries, batch.frames, strict=True):
            if entry.seq > self.seen:
                self.seen = entry.seq
                if entry.sender_id not in self.hides:
                    self.outbox.send(frame)

    async def _send_in_chunks(self, entries: Sequence[Entry]) -> None:
        chunk: list[Frame] = []
        size = 0
        for entry in entries:
            if entry.sender_id in self.hides:
                continue
            frame = self.spelling.entry(entry)
            chunk.append(frame)
            size += len(frame.wire)
            if size >= CHUNK_BYTES:
                self.outbox.send_many(chunk, joined(chunk))
                await self.outbox.drained()
                chunk, size = [], 0
        if chunk:
            self.outbox.send_many(chunk, joined(chunk))


def spelled(entries: Sequence[Entry], spelling: Spelling) -> Batch:
    frames = [spelling.entry(entry) for entry in entries]
    return Batch(entries, frames, joined(frames), frozenset(entry.sender_id for entry in entries))


def murmured(whispers: Sequence[Whisper], spelling: Spelling) -> Murmur:
    frames = [spelling.whisper(whisper) for whisper in whispers]
    user_ids = frozenset(whisper.user_id for whisper in whispers)
    others_only = frozenset(whisper.user_id for whisper in whispers if whisper.others_only)
    return Murmur(whispers, frames, joined(frames), user_ids, others_only)


def joined(frames: Sequence[Frame]) -> bytes:
    return frames[0].wire if len(frames) == 1 else b"".join(frame.wire for frame in frames)
