"""One socket's way out: what is sent is bounded, and whoever does not read is closed rather than waited for."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.realtime.wire import Frame, Wire
from core.surface.close_codes import TOO_SLOW, code_over_asgi
from core.surface.socket_figures import figures

BUDGET_BYTES = 1024 * 1024
BUDGET_FRAMES = 4096
DRAIN_PATIENCE = 10.0

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Outbox:
    """Writes ready bytes to the transport where the server offers one, else sends frame by frame through ASGI.

    Until the handshake is answered, and `open` says so, frames wait. A socket is too slow when it has not taken a whole
    budget by the time the next frame comes.
    """

    def __init__(self, send: Send, wire: Wire | None) -> None:
        self._send = send
        self._wire = wire
        self._queue: deque[Frame] = deque()
        self._queued = 0
        self._writer: asyncio.Task[None] | None = None
        self._close_code: int | None = None
        self._is_open = False

    @property
    def is_closing(self) -> bool:
        return self._close_code is not None

    @property
    def pending(self) -> int:
        """Bytes the client has not taken, of what we can see of them."""
        return self._wire.pending if self._wire is not None and self._is_open else self._queued

    def open(self) -> None:
        """The handshake is answered: what waited goes out."""
        self._is_open = True
        if self._wire is not None:
            waiting = b"".join(frame.wire for frame in self._queue)
            self._queue.clear()
            self._wire.write(waiting, BUDGET_BYTES)
            if self._close_code is not None:
                self._wire.close(self._close_code)
        else:
            self._write_soon()

    def send(self, frame: Frame) -> None:
        self.send_many((frame,), frame.wire)

    def send_many(self, frames: Sequence[Frame], wire_bytes: bytes) -> None:
        """`wire_bytes` are the frames' bytes, joined once for everybody."""
        if self._close_code is not None:
            return
        if self._wire is not None and self._is_open:
            if not self._wire.write(wire_bytes, BUDGET_BYTES):
                self.close(TOO_SLOW)
        elif self._queued > BUDGET_BYTES or len(self._queue) > BUDGET_FRAMES:
            self.close(TOO_SLOW)
        else:
            self._queue.extend(frames)
            self._queued += len(wire_bytes)
            self._write_soon()

    def close(self, code: int) -> None:
        """Close after what was sent before; the first code counts. Who is too slow is not sent the rest."""
        if self._close_code is not None:
            return
        self._close_code = code
        figures.note_closed("server", code)
        if self._wire is not None and self._is_open:
            self._wire.close(code)
            return
        if code == TOO_SLOW and self._writer is not None:
            self._queue.clear()
            self._writer.cancel()
            self._writer = None
        self._write_soon()

    async def drained(self) -> None:
        """Wait until less than half of the budget is pending, so that much can be sent without being too slow."""
        deadline = asyncio.get_running_loop().time() + DRAIN_PATIENCE
        while self._close_code is None and self.pending > BUDGET_BYTES // 2:
            if asyncio.get_running_loop().time() > deadline:
                self.close(TOO_SLOW)
            await asyncio.sleep(0.02)

    def _write_soon(self) -> None:
        if self._writer is None and self._is_open:
            self._writer = asyncio.ensure_future(self._write())

    async def _write(self) -> None:
        try:
            while self._queue:
                frame = self._queue.popleft()
                await self._send({"type": "websocket.send", "text": frame.text})
                self._queued -= len(frame.wire)
            if self._close_code is not None:
                await self._send({"type": "websocket.close", "code": code_over_asgi(self._close_code)})
        except (OSError, RuntimeError):
            # How servers say that the client is gone; the consumer is told by its disconnect event.
            self._queue.clear()
        finally:
            if self._writer is asyncio.current_task():
                self._writer = None
