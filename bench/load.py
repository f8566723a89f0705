"""A load generator that costs little: raw keep-alive HTTP/1.1 over asyncio, each connection one request at a time."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

AT_ONCE = 32


@dataclass(frozen=True)
class Outcome:
    """What one measurement saw. Seconds, but for the rate."""

    requests: int
    seconds: float
    p50: float
    p99: float
    statuses: Counter[int]

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


class Connection(asyncio.Protocol):
    """Sends the next request when the last is answered, until there are none or time is up."""

    def __init__(self, requests: Iterator[bytes], until: float, seen: list[tuple[int, float]]) -> None:
        self._requests, self._until, self._seen = requests, until, seen
        self._received = bytearray()
        self._missing = -1
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send_next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._missing < 0:
            self._read_head()
        if 0 <= self._missing <= len(self._received):
            self._seen.append((int(self._received[9:12]), time.perf_counter() - self._sent_at))
            self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def _send_next(self) -> None:
        request = next(self._requests, None) if time.perf_counter() < self._until else None
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._received.clear()
        self._missing = -1
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def _read_head(self) -> None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        start = head.index(b"content-length:") + len(b"content-length:")
        self._missing = end + 4 + int(head[start:].split(b"\r\n", 1)[0])


async def measure(
    address: tuple[str, int], requests: Iterable[bytes], *, seconds: float = float("inf"), at_once: int = AT_ONCE
) -> Outcome:
    """Until time is up or the requests are. Raises ConnectionError when the server hangs up."""
    loop, seen, shared = asyncio.get_running_loop(), list[tuple[int, float]](), iter(requests)
    started = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: Connection(shared, started + seconds, seen), *address)
        for _ in range(at_once)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    elapsed = time.perf_counter() - started
    waits = sorted(wait for _, wait in seen)
    return Outcome(
        requests=len(seen),
        seconds=elapsed,
        p50=waits[len(waits) // 2],
        p99=waits[int(len(waits) * 0.99)],
        statuses=Counter(status for status, _ in seen),
    )


async def ask(address: tuple[str, int], request: bytes) -> bytes:
    """One request's body."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.split(b"content-length:")[1].split(b"\r\n", 1)[0]
    body = await reader.readexactly(int(length))
    writer.close()
    return body


def http_request(method: str, path: str, token: str = "", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json", "User-Agent: bench"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def take(requests: Iterator[bytes], count: int) -> list[bytes]:
    return list(islice(requests, count))
