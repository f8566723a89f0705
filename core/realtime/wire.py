"""What goes over a socket: a frame serialised once, and the bytes it is on the wire."""

from datetime import datetime
from typing import Protocol

import msgspec


class Frame:
    """A text frame for any number of sockets. `wire` are its bytes as RFC 6455 (5.2) wants them from a server."""

    __slots__ = ("_payload", "wire")

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.wire = _text_frame(payload)

    @property
    def text(self) -> str:
        """For servers that frame it themselves."""
        return self._payload.decode()


_encoder = msgspec.json.Encoder()


def frame_of(content: msgspec.Struct | dict[str, object]) -> Frame:
    return Frame(_encoder.encode(content))


def moment_in_frame(moment: datetime) -> str:
    """A time in UTC, always to the microsecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Wire(Protocol):
    """A connection that takes ready bytes, as the launcher offers in the scope's extensions.

    Before the handshake is done or after a close has begun neither of its methods does anything.
    """

    @property
    def pending(self) -> int:
        """Bytes written and not yet taken by the client's end."""

    def write(self, data: bytes, budget: int) -> bool:
        """Write whole frames, unless more than `budget` bytes are pending already: then False."""

    def close(self, code: int) -> None:
        """Close with any code after what was written, and cut the connection when that is not taken in time."""


def _text_frame(payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload
