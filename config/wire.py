"""Writing ready WebSocket frames straight to Daphne's transport, and taking no more in than the application hears.

Five reaches past what ASGI offers, each covered by a test that fails when a new version changes it: Autobahn's `state`
and `sendCloseFrame` (nothing is written before the handshake is done or after a close has begun, and a close may carry
any code), the socket under Twisted's transport (an empty one is written at once, which saves asking the reactor to wake
us), the length of Twisted's own buffers (what a slow reader has not taken; Twisted would let it grow without bound),
how much Twisted reads at a time (Autobahn looks at every frame in it before anybody else has a turn) and the queue
Daphne hands to the application (which would grow without bound too).
"""

import asyncio
from typing import Any

from daphne.ws_protocol import WebSocketProtocol

from core.surface.close_codes import TOO_MUCH

# How long a client may take to read the rest and answer a close frame. Autobahn's own second is short for a slow one,
# which would then never learn the code.
CLOSE_PATIENCE = 5.0
# Who floods is read no further, so that the answer to the close frame will not be seen.
FLOOD_PATIENCE = 1.0
READ_BYTES = 8 * 1024
INTAKE_BYTES = 256 * 1024
INTAKE_EVERY = 0.02


class TransportWire:
    def __init__(self, protocol: WebSocketProtocol) -> None:
        self._protocol: Any = protocol
        self._protocol.transport.bufferSize = READ_BYTES

    @property
    def pending(self) -> int:
        transport = self._protocol.transport
        return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)

    def write(self, data: bytes, budget: int) -> bool:
        protocol = self._protocol
        if protocol.state != protocol.STATE_OPEN:
            return True
        transport = protocol.transport
        pending = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
        if pending > budget:
            return False
        if pending == 0:
            try:
                sent = transport.socket.send(data)
            except OSError:
                # It takes nothing now, or is lost, which `write` finds and handles by itself.
                sent = 0
            if sent == len(data):
                return True
            data = data[sent:]
        transport.write(data)
        return True

    def close(self, code: int) -> None:
        protocol = self._protocol
        if protocol.state == protocol.STATE_OPEN:
            protocol.is_deaf = code == TOO_MUCH
            protocol.closeHandshakeTimeout = FLOOD_PATIENCE if protocol.is_deaf else CLOSE_PATIENCE
            protocol.sendCloseFrame(code=code, isReply=False)
            if protocol.is_deaf:
                protocol.transport.pauseProducing()


class Intake:
    """Stands before the queue of a socket's events: while much waits in it, nothing more is read from the client.

    What comes after a close has begun is not put there: nobody will hear it.
    """

    def __init__(self, queue: "asyncio.Queue[dict[str, Any]]", protocol: WebSocketProtocol) -> None:
        self._queue = queue
        self._protocol: Any = protocol
        self._waiting = 0
        self._is_paused = False

    @property
    def _is_closing(self) -> bool:
        return bool(self._protocol.state in (self._protocol.STATE_CLOSING, self._protocol.STATE_CLOSED))

    def put_nowait(self, event: dict[str, Any]) -> None:
        if event["type"] == "websocket.receive" and self._is_closing:
            return
        if self._queue.empty():
            self._waiting = 0
        self._waiting += 100 + len(event.get("text") or event.get("bytes") or b"")
        self._queue.put_nowait(event)
        if self._waiting > INTAKE_BYTES and not self._is_paused:
            self._is_paused = True
            self._protocol.transport.pauseProducing()
            self._look_again()

    def _look_again(self) -> None:
        if getattr(self._protocol, "is_deaf", False):
            return
        if self._queue.empty() or self._is_closing:
            self._is_paused = False
            self._protocol.transport.resumeProducing()
        else:
            asyncio.get_running_loop().call_later(INTAKE_EVERY, self._look_again)


def can_be_written(protocol: Any) -> bool:
    """Whether this connection's transport is a plain one; over another the ordinary ASGI path serves."""
    return isinstance(protocol, WebSocketProtocol) and all(
        hasattr(protocol.transport, name) for name in ("socket", "dataBuffer", "offset", "_tempDataLen")
    )
