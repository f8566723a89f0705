"""What a room delivers: the durable facts of a conversation, each with its `seq`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from chat.events import MessageDeleted, MessageEdited, PostedMessage, ReactionChanged

Entry: TypeAlias = PostedMessage | MessageEdited | MessageDeleted | ReactionChanged

_KINDS: dict[str, type] = {
    "posted": PostedMessage,
    "edited": MessageEdited,
    "deleted": MessageDeleted,
    "reaction": ReactionChanged,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True)
class Stretch:
    """Every entry after some `seq` up to and including `upto`: a number that is missing here is missing for ever.

    `complete` unless more was stored when it was read.
    """

    entries: Sequence[Entry]
    upto: int
    complete: bool


@dataclass(frozen=True)
class Whisper:
    """Something fleeting, for who is in the room now; it has no `seq` and is not stored.

    `kind` is typing, read, user_joined or user_left; `seq` is up to where a reader has read, `online` how many are in.
    """

    kind: str
    user_id: int
    user: str
    others_only: bool = False
    seq: int = 0
    online: int = 0
    user_email: str = ""

    @property
    def replaces(self) -> tuple[str, int]:
        """Of whispers with the same key only the latest is worth telling: who left and came back is in."""
        is_presence = self.kind in ("user_joined", "user_left")
        return ("presence" if is_presence else self.kind, self.user_id)


def kind_of(entry: Entry) -> str:
    return _NAMES[type(entry)]


def dump_whisper(whisper: Whisper) -> bytes:
    return msgspec.json.encode(whisper)


def load_whisper(dumped: bytes) -> Whisper:
    return msgspec.json.decode(dumped, type=Whisper)


def dump_entries(entries: Sequence[Entry]) -> bytes:
    return msgspec.json.encode([(_NAMES[type(entry)], entry) for entry in entries])


def load_entries(dumped: bytes) -> list[Entry]:
    pairs = msgspec.json.decode(dumped)
    return [msgspec.convert(entry, _KINDS[name]) for name, entry in pairs]
