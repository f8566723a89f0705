"""A server that is told to go down while clients are at it: nobody who was let in is cut off."""

import json
import signal
import socket
import time
from http.client import HTTPConnection

import pytest

from tests.sockets.conftest import bearer
from tests.sockets.server import Server, serving

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

GROUP = "/ws/group/anchor/"
ASK = "/private/list/"
JSON = {"Content-Type": "application/json"}
CLOSE_FRAME = b"\x88\x02\x03\xf4"
CLOSE_REPLY = b"\x88\x82\x00\x00\x00\x00\x03\xf4"


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture
def headers(guests):
    return [bearer(user) for user in guests]


def connection_to(server: Server) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    server.clients.callback(connection.close)
    connection.connect()
    return connection


def tell_to_go_down_while_it_hears_nothing(server: Server, meanwhile) -> None:
    """What is done `meanwhile` waits for it in the kernel, together with the word to go down."""
    server.process.send_signal(signal.SIGSTOP)
    meanwhile()
    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(signal.SIGCONT)


def shake_hands(server: Server, authorization: str) -> socket.socket:
    raw = offer_hand(server, authorization)
    assert b" 101 " in raw.recv(4096)
    return raw


def offer_hand(server: Server, authorization: str) -> socket.socket:
    raw = server.clients.enter_context(server.raw())
    raw.sendall(
        f"GET {GROUP} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: {authorization}\r\n\r\n".encode()
    )
    return raw


def read_to_the_close(raw: socket.socket) -> bytes:
    heard = b""
    while CLOSE_FRAME not in heard and (more := raw.recv(4096)):
        heard += more
    return heard


def test_requests_that_wait_in_its_line_are_answered(server, headers):
    waiting = []

    def come():
        waiting.extend(connection_to(server) for _ in range(6))
        for connection in waiting:
            connection.request("POST", "/private/create/", json.dumps({"username": "stranger"}), headers[0] | JSON)

    tell_to_go_down_while_it_hears_nothing(server, come)

    answers = [connection.getresponse() for connection in waiting]
    assert {answer.status for answer in answers} <= {200, 201}
    assert {answer.headers["Connection"] for answer in answers} == {"close"}


def test_a_request_on_a_connection_that_was_idle_is_answered(server, headers):
    kept = connection_to(server)
    kept.request("GET", ASK, headers=headers[0])
    assert kept.getresponse().read()

    tell_to_go_down_while_it_hears_nothing(server, lambda: kept.request("GET", ASK, headers=headers[0]))

    assert kept.getresponse().status == 200


def test_a_connection_that_stays_idle_is_closed_and_holds_nothing_up(server, headers):
    kept = connection_to(server)
    kept.request("GET", ASK, headers=headers[0])
    kept.getresponse().read()
    started = time.monotonic()

    server.terminate()

    assert kept.sock.recv(1) == b""
    server.process.wait(timeout=10)
    assert time.monotonic() - started < 5


def test_a_socket_may_take_its_time_to_answer_the_close(server, headers):
    """Were the connection cut meanwhile, what it still sends would be reset, and the code may be lost with it."""
    slow = shake_hands(server, headers[0]["Authorization"])

    server.terminate()
    assert read_to_the_close(slow).endswith(CLOSE_FRAME)
    time.sleep(0.7)
    assert server.process.poll() is None
    slow.sendall(CLOSE_REPLY)
    started = time.monotonic()

    assert server.process.wait(timeout=10) == 0
    assert time.monotonic() - started < 5


def test_sockets_that_come_at_the_last_moment_are_told_to_go_elsewhere(server, headers):
    waiting = []

    def come():
        waiting.extend(offer_hand(server, headers[0]["Authorization"]) for _ in range(5))

    tell_to_go_down_while_it_hears_nothing(server, come)

    for each in waiting:
        heard = read_to_the_close(each)
        assert b" 101 " in heard
        assert heard.endswith(CLOSE_FRAME)
        each.sendall(CLOSE_REPLY)
