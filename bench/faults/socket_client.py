"""A WebSocket client that costs little, so that one process can be thousands of them, and badly behaved ones."""

import asyncio
import base64
import json
import os
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Self

Address = tuple[str, int]
MASK = b"\x1f\x2e\x3d\x4c"
ABRUPT = 1006
# In a crowd there are millions, and nobody here is interested.
COMINGS_AND_GOINGS = b'{"type":"user_'
CLOSE = 0x8
PING, PONG = 0x9, 0xA


class Socket(asyncio.Protocol):
    """`hear` is called with each frame as it arrives, but for presence; `closed` is the code it was closed with."""

    def __init__(self, path: str, token: str, hear: Callable[[dict[str, Any]], None]) -> None:
        self.path = path
        self.token = token
        self.hear = hear
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()
        self._received = bytearray()
        self._code = ABRUPT

    @classmethod
    async def open(
        cls, address: Address, path: str, token: str, hear: Callable[[dict[str, Any]], None] = lambda frame: None
    ) -> Self:
        """Raises ConnectionError when the handshake is refused."""
        _, opened = await asyncio.get_running_loop().create_connection(lambda: cls(path, token, hear), *address)
        await opened.opened
        return opened

    def send(self, frame: dict[str, Any]) -> None:
        self.transport.write(text_frame(json.dumps(frame, ensure_ascii=False)))

    def write(self, data: bytes) -> None:
        """Bytes that are frames already, or pretend to be."""
        self.transport.write(data)

    def close(self) -> None:
        self.transport.write(masked_frame(CLOSE, struct.pack("!H", 1000)))

    def abort(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(handshake(self.path, self.token))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"refused: {bytes(self._received[:200])!r}"))
        if not self.closed.done():
            self.closed.set_result(self._code)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self.opened.done():
            head, found, rest = bytes(self._received).partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.transport.abort()
                return
            self._received = bytearray(rest)
            self.opened.set_result(None)
        self._read_frames()

    def _read_frames(self) -> None:
        at, have = 0, self._received
        while (frame := _next_frame(have, at)) is not None:
            opcode, payload, at = frame
            self._take(opcode, payload)
        del have[:at]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self._code = struct.unpack("!H", payload[:2])[0] if payload else 1005
            self.transport.write(masked_frame(CLOSE, payload[:2]))
            self.transport.close()
        elif opcode == PING:
            self.transport.write(masked_frame(PONG, payload))
        elif not payload.startswith(COMINGS_AND_GOINGS):
            self.hear(json.loads(payload))


class Sender(Socket):
    """A socket that waits for what it said to be acknowledged; `others` are the frames that were no ack."""

    def __init__(self, path: str, token: str, hear: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(path, token, self._listen)
        self._said = 0
        self._unanswered: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._hear_others = hear

    async def say(self, message: str) -> float:
        """Seconds until it is acknowledged. Raises ConnectionError when it is refused, or the socket closes."""
        self._said += 1
        name = f"{id(self)}-{self._said}"
        answer = self._unanswered[name] = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        self.send({"message": message, "client_id": name})
        await asyncio.wait((answer, self.closed), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() or "error" in answer.result():
            raise ConnectionError(f"not acknowledged: {answer.result() if answer.done() else self.closed.result()}")
        return time.perf_counter() - started

    def _listen(self, frame: dict[str, Any]) -> None:
        answer = self._unanswered.pop(frame.get("client_id", ""), None)
        if answer is not None:
            answer.set_result(frame)
        else:
            self._hear_others(frame)


def handshake(path: str, token: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    ]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode()


def text_frame(text: str) -> bytes:
    return masked_frame(0x1, text.encode())


def masked_frame(opcode: int, payload: bytes) -> bytes:
    """As RFC 6455 (5.2) wants it from a client."""
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, 0x80 | length))
    elif length < 1 << 16:
        head = bytes((0x80 | opcode, 0xFE)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0xFF)) + length.to_bytes(8, "big")
    mask = (MASK * (length // 4 + 1))[:length]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + MASK + masked.to_bytes(length, "big")


def silent_connection(address: Address, path: str, token: str) -> socket.socket:
    """Shakes hands and then reads nothing, with as little room for what it is sent as can be had."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(10)
    raw.connect(address)
    raw.sendall(handshake(path, token))
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += raw.recv(1)
    if not answer.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(f"refused: {answer!r}")
    return raw


def _next_frame(have: bytearray, at: int) -> tuple[int, bytes, int] | None:
    """Opcode, payload and where the next one begins; None when it is not whole yet. Servers do not mask."""
    if len(have) < at + 2:
        return None
    opcode, length, start = have[at] & 0x0F, have[at + 1], at + 2
    if length > 125:
        size = 2 if length == 126 else 8
        if len(have) < start + size:
            return None
        length, start = int.from_bytes(have[start : start + size], "big"), start + size
    if len(have) < start + length:
        return None
    return opcode, bytes(have[start : start + length]), start + length
