"""HTTP to a server that need not be friendly: so many seconds and so many bytes for an answer, however it drips."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from threading import Timer
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

HEADER_SECONDS = 10
BODY_SECONDS = 10
MAXIMUM_BODY = 256 * 1024
CHUNK = 64 * 1024


class BoundedAdapter(HTTPAdapter):
    """Reads an answer to its end at once. Raises requests' ConnectionError for one that is too long or too slow.

    A read timeout alone would let a server hold a thread for ever, a byte at a time.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().send(request, *args, **kwargs)
        try:
            response.raw = BytesIO(_read(response.raw))
        finally:
            self.close()
        return response


def _read(answer: HTTPResponse) -> bytes:
    until, body = time.monotonic() + BODY_SECONDS, bytearray()
    while chunk := answer.read1(CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAXIMUM_BODY or time.monotonic() > until:
            answer.close()
            raise requests.ConnectionError("The answer is too long or too slow.")
    return bytes(body)


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        with _hanging_up(self.sock, after=HEADER_SECONDS):
            return super().getresponse()


class _TLSConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        with _hanging_up(self.sock, after=HEADER_SECONDS):
            return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


@contextmanager
def _hanging_up(connected: socket.socket | None, *, after: float) -> Iterator[None]:
    def hang_up() -> None:
        with suppress(OSError):
            if connected is not None:
                connected.shutdown(socket.SHUT_RDWR)

    watchdog = Timer(after, hang_up)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
