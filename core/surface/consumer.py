"""The base of every WebSocket consumer: one state machine from the handshake to the close.

It is an ASGI application, not a Channels consumer class: it owns no channel of the layer (the hub has one for the whole
process), and no handler call hops through a thread.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

import msgspec
from django.conf import settings
from django.db import InterfaceError, OperationalError

from core.errors import BadCredentials, DomainError
from core.surface.close_codes import GOING_AWAY, NOT_AUTHENTICATED, SERVER_ERROR, TOO_MUCH
from core.surface.contract import Contract
from core.surface.credentials import BEARER, Scope, offers_bearer
from core.surface.failure import failure_of
from core.surface.frames import ABUSIVE_BYTES, FrameRefused, read_frame
from core.surface.socket_figures import NO_CODE, REFUSED, figures

ANSWER_WITHIN = 3.0

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class SocketClosed(Exception):
    """Raised inside a handler to close with `code`, after the error frame if there is a `failure` to tell."""

    def __init__(self, code: int, failure: DomainError | None = None) -> None:
        self.code = code
        self.failure = failure


class Allowance:
    """So many frames a second sustained, so many at once: a token bucket."""

    def __init__(self) -> None:
        self._left = float(settings.SOCKET_FRAMES_AT_ONCE)
        self._at = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        regained = (now - self._at) * settings.SOCKET_FRAMES_PER_SECOND
        self._left = min(settings.SOCKET_FRAMES_AT_ONCE, self._left + regained)
        self._at = now
        self._left -= 1
        return self._left >= 0


class SurfaceConsumer:
    """One socket. A subclass declares which frames it takes and gives, and implements `opened`, `received`, `closed`.

    `takes` are the frame classes by their `type`; `type_unless_given` is what a frame without a type is. Frames are
    handled one after the other, so a handler never meets itself.
    """

    title: ClassVar[str] = ""
    takes: ClassVar[Mapping[str, type[msgspec.Struct]]] = {}
    gives: ClassVar[tuple[type[msgspec.Struct], ...]] = ()
    type_unless_given: ClassVar[str] = ""

    def __init__(self, contract: Contract, scope: Scope, receive: Receive, send: Send) -> None:
        self.socket_contract = contract
        self.scope = scope
        self._receive = receive
        self._send = send
        self._allowance = Allowance()

    @classmethod
    def as_asgi(cls, *, contract: Contract) -> Application:
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await cls(contract, scope, receive, send).serve()

        return application

    async def serve(self) -> None:
        """Answer the handshake when `opened` is done, so that a client whose socket is open misses nothing.

        Should that take long, it is answered all the same: clients give up on a handshake sooner than on a socket.
        """
        await self._receive()
        started = time.monotonic()
        opening = asyncio.ensure_future(self.opened())
        figures.open += 1
        try:
            await asyncio.wait((opening,), timeout=ANSWER_WITHIN)
            await self._send({"type": "websocket.accept", "subprotocol": BEARER if offers_bearer(self.scope) else None})
            self.answered()
            await opening
            figures.opening_seconds.note(time.monotonic() - started)
            await self._read()
        except SocketClosed as closing:
            if closing.failure is not None:
                self.tell(closing.failure)
            self.close(closing.code)
        except asyncio.CancelledError:
            self.close(GOING_AWAY)
            raise
        # The boundary: `tell` logs what nobody foresaw, and the client learns that it was not its doing.
        except Exception as trouble:  # noqa: BLE001
            self.tell(trouble)
            self.close(SERVER_ERROR)
        finally:
            figures.open -= 1
            opening.cancel()
            self.closed()

    async def opened(self) -> None:
        """Somebody is at the door; what is sent to them waits until they were answered. Raises SocketClosed."""

    def answered(self) -> None:
        """The handshake is done: frames may go out."""
        raise NotImplementedError

    async def received(self, frame: Any) -> None:
        """A frame of one of the declared classes. A DomainError becomes the error frame. Raises SocketClosed."""
        raise NotImplementedError

    def closed(self) -> None:
        """The socket is gone, or about to be. Nothing here may wait: this runs whatever happened, to its end."""

    def send_payload(self, payload: bytes) -> None:
        """Send a frame that is written already, as UTF-8."""
        raise NotImplementedError

    def close(self, code: int) -> None:
        raise NotImplementedError

    @property
    def is_closing(self) -> bool:
        """Whether it was told to close: what its client sends until it is gone is not heard."""
        raise NotImplementedError

    def tell(self, trouble: Exception) -> None:
        """Send the surface's error frame for any exception."""
        body = self.socket_contract.spell_frame_failure(failure_of(trouble))
        self.send_payload(msgspec.json.encode(body))

    async def _read(self) -> None:
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                if not self.is_closing:
                    figures.note_closed("client", event.get("code") or NO_CODE)
                return
            if not self.is_closing:
                await self._judge(event)

    async def _judge(self, event: dict[str, Any]) -> None:
        """With the database away a frame is refused, and the socket stays: it may be back for the next one."""
        content = event.get("text")
        data = content.encode(errors="surrogatepass") if content is not None else b""
        if not self._allowance.take() or max(len(data), len(event.get("bytes") or b"")) > ABUSIVE_BYTES:
            raise SocketClosed(TOO_MUCH)
        try:
            frame = self._read_frame(data)
            await self.received(frame)
        except BadCredentials as refusal:
            raise SocketClosed(NOT_AUTHENTICATED, refusal) from None
        except (DomainError, OperationalError, InterfaceError) as refusal:
            self.tell(refusal)

    def _read_frame(self, data: bytes) -> msgspec.Struct:
        try:
            frame = read_frame(data, self.takes, default=self.type_unless_given)
        except FrameRefused:
            figures.received[REFUSED] += 1
            raise
        figures.received[str(frame.__struct_config__.tag)] += 1
        return frame
