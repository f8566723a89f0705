"""Daphne as this project runs it: `python -m config.server` serves `config.asgi:application` on HOST:PORT.

What Daphne's command line lacks: a bound on what a request body may take, a line long enough for a crowd, requests in
flight that are finished before the process ends, no access log (it would write query strings down), and an exit code
when the port is taken.
"""

import asyncio
import logging
import sys
import time
from typing import Any

from autobahn.websocket import protocol as autobahn
from daphne.endpoints import build_endpoint_description_strings
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server as Daphne
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from twisted.internet import defer

from config.asgi import application
from config.draining import LINGER, close_port, close_quiet, connected
from config.sockets import let_go_of_sockets
from config.wire import Intake, TransportWire, can_be_written
from core.surface.close_codes import GOING_AWAY

log = logging.getLogger("config.server")

HTTP_TIMEOUT = 60
# When another server dies, all its clients come here at once: so many wait in the kernel's line, and so long for their
# handshake. Who is sent away comes again, and makes it worse.
LINE = 4096
HANDSHAKE_TIMEOUT = 20
# With what follows it the process is gone ten seconds after it was told to stop.
DRAIN_SECONDS = 6

# Autobahn spells out some forty options of each new connection for its debug log, whether that is read or not: an
# eighth of what the event loop does for a socket that comes.
vars(autobahn)["pformat"] = repr


def _write_no_line(factory: HTTPFactory, request: WebRequest) -> None:
    """Twisted spells out a line of an access log for every answer, into a log that Daphne leads nowhere."""


HTTPFactory.log = _write_no_line


class BodyLimit:
    """Stands before a request's body: stores as much as shows it to be too large, and hangs up if it does not end."""

    def __init__(self, request: WebRequest, most: int) -> None:
        self._request = request
        self._store = request.handleContentChunk
        self._most = most
        self._seen = 0

    def __call__(self, chunk: bytes) -> None:
        room = self._most + 1 - self._seen
        self._seen += len(chunk)
        if room > 0:
            self._store(chunk[:room])
        elif self._seen > 10 * self._most:
            self._request.channel.abortConnection()


class Server(Daphne):  # type: ignore[misc]
    """Daphne that bounds what it takes in and, told to stop, finishes the requests it has and takes no more."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ports: list[Any] = []
        self.is_going_down = False

    def protocol_connected(self, protocol: Any) -> None:
        super().protocol_connected(protocol)
        if isinstance(protocol, WebRequest):
            protocol.handleContentChunk = BodyLimit(protocol, settings.MAX_BODY_SIZE)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if not can_be_written(protocol):
            return super().create_application(protocol, scope)
        scope["extensions"] = {**scope.get("extensions", {}), "wire": TransportWire(protocol)}
        queue = super().create_application(protocol, scope)
        return None if queue is None else Intake(queue, protocol)

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self.ports.append(port)
        address = port.getHost()
        log.info("Serving on http://%s:%d/", address.host, address.port)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Who is answered while the server goes down is told that this connection takes no further request."""
        if self.is_going_down and isinstance(protocol, WebRequest) and protocol.channel is not None:
            protocol.channel.persistent = False
            protocol.responseHeaders.setRawHeaders(b"connection", [b"close"])
        await super().handle_reply(protocol, message)

    def kill_all_applications(self) -> Any:
        """What Daphne does before it shuts down."""
        self.is_going_down = True
        for port in self.ports:
            close_port(port)
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        """Sockets are told to come back elsewhere, requests are finished, and what was taken to be stored is stored."""
        started = time.monotonic()
        while (passed := time.monotonic() - started) < DRAIN_SECONDS:
            self._close_sockets()
            if passed > LINGER:
                close_quiet(self._busy())
            if not connected() and not self._busy():
                break
            await asyncio.sleep(0.02)
        left = self._running()
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await let_go_of_sockets()

    def _close_sockets(self) -> None:
        for protocol in tuple(self.connections):
            if isinstance(protocol, WebSocketProtocol):
                TransportWire(protocol).close(GOING_AWAY)

    def _running(self) -> list[asyncio.Future[Any]]:
        tasks = [details.get("application_instance") for details in self.connections.values()]
        return [task for task in tasks if task is not None and not task.done()]

    def _busy(self) -> list[Any]:
        """The transports of sockets that have not answered their close, and of requests that are not answered."""
        present = [protocol for protocol, details in self.connections.items() if "disconnected" not in details]
        return [protocol.transport for protocol in present if protocol.transport is not None]


def main() -> None:
    server = Server(
        application=application,
        endpoints=[
            f"{endpoint}:backlog={LINE}"
            for endpoint in build_endpoint_description_strings(host=settings.HOST, port=settings.PORT)
        ],
        http_timeout=HTTP_TIMEOUT,
        websocket_handshake_timeout=HANDSHAKE_TIMEOUT,
        server_name="",
    )
    server.run()
    if server.abort_start:
        sys.exit(1)


if __name__ == "__main__":
    main()
