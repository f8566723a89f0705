"""A conversation as this process sees it: who listens here, and up to where they were told."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from chat.entries import Entry, Stretch, Whisper
from chat.events import MessageEdited, PostedMessage
from chat.realtime.figures import figures
from chat.realtime.listener import Listener, Spelling, murmured, spelled

FLUSH_BYTES = 256 * 1024


@dataclass(eq=False)
class Room:
    """`last_seq` is the last entry that was put in line here, and unknown until the room is `ready`.

    `early` are entries that came before their turn, `heard_of` is the highest `seq` this process was told of.
    """

    conversation_id: int
    ready: "asyncio.Future[None]"
    last_seq: int | None = None
    heard_of: int = 0
    is_healing: bool = False
    listeners: dict[Spelling, set[Listener]] = field(default_factory=lambda: defaultdict(set))
    early: dict[int, Entry] = field(default_factory=dict)
    outgoing: list[Entry] = field(default_factory=list)
    whispers: dict[tuple[str, int], Whisper] = field(default_factory=dict)
    whispered_at: float = float("-inf")

    @property
    def head(self) -> int:
        return self.last_seq or 0

    @property
    def is_empty(self) -> bool:
        return not any(self.listeners.values())

    @property
    def is_behind(self) -> bool:
        """Whether something is known to be stored that is not in line yet."""
        return self.last_seq is not None and (bool(self.early) or self.heard_of > self.last_seq)

    @property
    def furthest(self) -> int:
        return max(self.heard_of, *self.early) if self.early else self.heard_of

    def open_at(self, head: int) -> None:
        """From now on entries after `head` are put in line. Those that came while it was looked up are put there."""
        self.last_seq = head
        self._advance_over(head)

    def line_up(self, entry: Entry) -> None:
        """Next in line: deliver. Already seen: drop. After a gap: keep until the gap is filled."""
        if self.last_seq is not None and entry.seq <= self.last_seq:
            return
        self.early[entry.seq] = entry
        if self.last_seq is not None:
            self._advance()

    def settle(self, stretch: Stretch, furthest: int) -> None:
        """Take the database's word: what is missing up to where it was read is missing for ever.

        What was told of before it was read, up to `furthest`, and is not there does not exist.
        """
        for entry in stretch.entries:
            self.line_up(entry)
        self._advance_over(stretch.upto)
        if stretch.complete:
            self.early = {seq: entry for seq, entry in self.early.items() if seq > furthest}
            self.heard_of = 0 if self.heard_of <= furthest else self.heard_of

    def whisper(self, whisper: Whisper) -> None:
        """The latest of a kind from each user waits for the next flush, in the order in which they came."""
        self.whispers.pop(whisper.replaces, None)
        self.whispers[whisper.replaces] = whisper

    def flush(self) -> None:
        """Give a slice of what is in line to every listener: spelled and joined once for each spelling."""
        entries = self._next_slice()
        for spelling, listeners in self.listeners.items():
            if entries and listeners:
                batch = spelled(entries, spelling)
                figures.note_sent(entries, len(listeners))
                for listener in tuple(listeners):
                    listener.take(batch)

    def flush_whispers(self) -> None:
        whispers = list(self.whispers.values())
        self.whispers.clear()
        for spelling, listeners in self.listeners.items():
            if whispers and listeners:
                murmur = murmured(whispers, spelling)
                figures.note_whispered(whispers, len(listeners))
                for listener in tuple(listeners):
                    listener.hear(murmur)

    def reconsider(self) -> None:
        for listeners in self.listeners.values():
            for listener in tuple(listeners):
                listener.reconsider()

    def _advance(self) -> None:
        while (following := self.early.pop(self.head + 1, None)) is not None:
            self.last_seq = self.head + 1
            self._put_in_line(following)

    def _advance_over(self, upto: int) -> None:
        """Whatever is early up to there is next, gaps or not."""
        for seq in sorted(seq for seq in self.early if seq <= upto):
            entry = self.early.pop(seq)
            if seq > self.head:
                self._put_in_line(entry)
        self.last_seq = max(self.head, upto)
        self._advance()

    def _put_in_line(self, entry: Entry) -> None:
        self.outgoing.append(entry)
        if isinstance(entry, PostedMessage):
            self.whispers.pop(("typing", entry.sender_id), None)

    def _next_slice(self) -> list[Entry]:
        """As much as may go out in one write, so that one turn of the loop copies only so much for every socket."""
        size = count = 0
        while count < len(self.outgoing) and size < FLUSH_BYTES:
            entry = self.outgoing[count]
            size += 200 + (len(entry.body) if isinstance(entry, PostedMessage | MessageEdited) else 0)
            count += 1
        entries, self.outgoing = self.outgoing[:count], self.outgoing[count:]
        return entries
