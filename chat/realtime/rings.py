"""What processes tell each other: dictionaries that any channel layer carries, and what they say.

A ring goes to the group of its room, which only those hear who have sockets there. What was stored in many rooms at
once is rung together, in a group that every process hears: to look at a ring costs far less than to send one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from chat.entries import Entry, Whisper, dump_entries, dump_whisper, load_entries, load_whisper
from core.realtime.doorbell import Ring

MANY_ROOMS = "conversations"
FEW = 4
# More than this is not copied to every process: those who need it read it.
LARGEST = 8 * 1024
LARGEST_TOGETHER = 64 * 1024


@dataclass(frozen=True)
class EntriesRang:
    room: int
    entries: list[Entry]


@dataclass(frozen=True)
class SeqRang:
    """Entries up to `seq` are stored."""

    room: int
    seq: int


@dataclass(frozen=True)
class WhisperRang:
    room: int
    whisper: Whisper


@dataclass(frozen=True)
class RoomRang:
    """Who may be in this room has changed."""

    room: int


Rang: TypeAlias = EntriesRang | SeqRang | WhisperRang | RoomRang


def group_of(conversation_id: int) -> str:
    return f"conversation.{conversation_id}"


def of_entries(conversation_id: int, entries: Sequence[Entry]) -> Ring:
    dumped = dump_entries(entries)
    if len(dumped) > LARGEST:
        return {"room": conversation_id, "seq": entries[-1].seq}
    return {"room": conversation_id, "entries": dumped}


def of_rooms(stored: Mapping[int, Sequence[Entry]]) -> Iterator[tuple[str, Ring]]:
    """Groups and what to ring there, for what was stored in these rooms."""
    each = {room: of_entries(room, entries) for room, entries in stored.items()}
    if len(each) <= FEW:
        yield from ((group_of(room), ring) for room, ring in each.items())
        return
    together: list[Ring] = []
    size = 0
    for ring in each.values():
        more = len(ring.get("entries", b""))
        if size + more > LARGEST_TOGETHER:
            yield MANY_ROOMS, {"rooms": together}
            together, size = [], 0
        together.append(ring)
        size += more
    yield MANY_ROOMS, {"rooms": together}


def of_whisper(conversation_id: int, whisper: Whisper) -> Ring:
    return {"room": conversation_id, "whisper": dump_whisper(whisper)}


def of_room(conversation_id: int) -> Ring:
    return {"room": conversation_id}


def read(ring: Ring) -> Rang:
    if "entries" in ring:
        return EntriesRang(ring["room"], load_entries(ring["entries"]))
    if "seq" in ring:
        return SeqRang(ring["room"], ring["seq"])
    if "whisper" in ring:
        return WhisperRang(ring["room"], load_whisper(ring["whisper"]))
    return RoomRang(ring["room"])
