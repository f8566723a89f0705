"""Letting go of clients without cutting one off, when the server goes down.

What Twisted gives no word for: a listening socket that is closed resets who waits in its line, and a connection that is
closed resets what was sent to it meanwhile. So the line is emptied, and a quiet connection looked at, in the same turn
of the loop in which they are closed.
"""

import socket
from collections.abc import Collection
from typing import Any, Final

from twisted.internet import main, reactor, tcp
from twisted.python.failure import Failure

_reactor: Final[Any] = reactor
_failure: Final[Any] = Failure

# How long a client that just came may take to say what it wants.
LINGER = 0.4


def close_port(port: Any) -> None:
    """Take no more connections but those that wait in the line."""
    accepted = -1
    while accepted != port.sessionno:
        accepted = port.sessionno
        port.doRead()
    _lose(port)


def connected() -> list[Any]:
    """The transports of all clients that are listened to."""
    return [reader for reader in _reactor.getReaders() if isinstance(reader, tcp.Server)]


def close_quiet(busy: Collection[Any]) -> None:
    """Close the connections that are not busy and that nothing has come on."""
    for transport in connected():
        if transport not in busy and not _has_come(transport):
            _lose(transport)


def _has_come(transport: Any) -> bool:
    try:
        return bool(transport.socket.recv(1, socket.MSG_PEEK))
    except OSError:
        return False


def _lose(descriptor: Any) -> None:
    descriptor.stopReading()
    descriptor.connectionLost(_failure(main.CONNECTION_DONE))
