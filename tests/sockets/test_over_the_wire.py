"""A real server process and plain WebSocket clients: what only the wire shows, and what we use of others' insides."""

import json
import signal
import socket
import struct
import sys
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection
from threading import Thread

import pytest
from autobahn.websocket.protocol import WebSocketProtocol as Autobahn
from daphne.server import Server as Daphne
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from django.db import connection, transaction
from twisted.internet.tcp import Connection
from twisted.web.http import HTTPFactory as TwistedHTTPFactory
from twisted.web.http import Request as TwistedRequest

from accounts.services.sessions import end_all_sessions
from chat.models import Message
from core.realtime.wire import Frame
from tests.sockets.conftest import bearer
from tests.sockets.server import let_go, serving, until
from venues.models import Presence

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

GROUP = "/ws/group/anchor/"
PLAIN_DAPHNE = (sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "config.asgi:application")
INVALID_TOKEN = {"error": "Invalid or expired token.", "code": "token_invalid"}


@pytest.fixture(scope="module")
def lasting_server(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), serving() as running:
        yield running


@pytest.fixture
def server(lasting_server, transactional_db):
    yield lasting_server
    let_go(lasting_server)


@pytest.fixture
def headers(guests):
    return [{"additional_headers": bearer(user)} for user in guests]


def test_a_message_is_heard_and_acknowledged_and_nothing_is_compressed(server, headers):
    ann, ben = (server.connect(GROUP, **each) for each in headers)

    ann.send({"message": "Hello", "client_id": "a"})

    assert ben.receive_type("message")["message"] == "Hello"
    assert ann.receive_type("ack")["client_id"] == "a"
    assert ann.connection.response.headers.get("Sec-WebSocket-Extensions") is None


@pytest.mark.parametrize("length", [1, 60, 200, 3900])
def test_ready_bytes_are_what_autobahn_would_write(length):
    """The same frame by Autobahn's own sendFrame, without a socket."""
    text = json.dumps({"message": "ü" * length}, ensure_ascii=False)

    assert Frame(text.encode()).wire == framed_by_autobahn(text.encode())


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_they_are_so_at_every_length_that_is_written_differently(size):
    assert Frame(b"x" * size).wire == framed_by_autobahn(b"x" * size)


def framed_by_autobahn(payload):
    written = []
    protocol = Autobahn.__new__(Autobahn)
    protocol.logFrames = False
    protocol.factory = type("Factory", (), {"isServer": True})()
    protocol.maskServerFrames = protocol.applyMask = False
    protocol.trafficStats = type("Stats", (), {"outgoingWebSocketFrames": 0})()
    protocol.sendData = lambda data, sync=False, chopsize=None: written.append(data)
    protocol.sendFrame(opcode=1, payload=payload)
    return b"".join(written)


def test_what_we_use_of_others_insides_is_there():
    """A new version of Daphne, Autobahn or Twisted that changes one of these must be looked at before it is taken."""
    assert [getattr(WebSocketProtocol, f"STATE_{name}") for name in ("CLOSED", "CONNECTING", "CLOSING", "OPEN")] == [
        0,
        1,
        2,
        3,
    ]
    assert Autobahn.sendCloseFrame.__code__.co_varnames[:4] == ("self", "code", "reasonUtf8", "isReply")
    assert "closeHandshakeTimeout" in Autobahn.CONFIG_ATTRS_COMMON
    assert "pformat" in Autobahn._connectionMade.__code__.co_names
    assert "log" in vars(TwistedHTTPFactory)
    assert "log" in TwistedRequest.finish.__code__.co_names
    assert "socket" in Connection.writeSomeData.__code__.co_names
    with socket.socket() as unconnected:
        transport = Connection(unconnected, None)
        assert transport.socket is unconnected
        assert (transport.dataBuffer, transport.offset, transport._tempDataLen) == (b"", 0, 0)
        assert transport.bufferSize == 64 * 1024
    assert Daphne.create_application.__code__.co_varnames[:3] == ("self", "protocol", "scope")
    assert {"kill_all_applications", "protocol_connected", "listen_success"} <= set(vars(Daphne))


def test_pings_pongs_fragments_and_the_close_handshake_are_as_they_should(server, headers):
    ann = server.connect(GROUP, **headers[0])

    assert ann.connection.ping().wait(5)
    ann.connection.send(iter(['{"mess', 'age": "in ', 'parts"}']))
    assert ann.receive_type("message")["message"] == "in parts"
    ann.connection.close(1000)
    assert ann.connection.close_code == 1000


@pytest.mark.parametrize(
    ("frame", "code"),
    [("x" * 17_000, None), ("x" * 70_000, 4008), ("x" * 900_000, 4008), (b"\x00\xff", None)],
)
def test_a_frame_too_large_or_not_text_gets_what_was_promised(server, headers, frame, code):
    ann = server.connect(GROUP, **headers[0])

    ann.connection.send(frame)

    if code:
        assert ann.closed_with() == ([], code)
    else:
        assert ann.receive()["code"] in ("frame_too_large", "frame_not_json")


def test_a_flood_is_ended_within_a_second_and_hurts_nobody(server, headers):
    flooder, other = (server.connect(GROUP, **each) for each in headers)

    def flood():
        """Past the client's library, which reads nothing while it sends. The mask is zero."""
        text = b'{"type":"typing"}'
        with suppress(OSError):
            for _ in range(20_000):
                flooder.connection.socket.sendall(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)

    started = time.monotonic()
    thread = Thread(target=flood)
    thread.start()
    other.send({"message": "Still here"})
    assert other.receive_type("message")["message"] == "Still here"
    assert flooder.closed_with()[1] == 4008
    thread.join()
    assert time.monotonic() - started < 5


def test_a_crowd_that_comes_at_once_finds_room_in_line(server):
    """While nobody is answered. Who found none would try again a second later, then three, then seven."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        with ExitStack() as line:
            for _ in range(300):
                line.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=0.5))
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_a_body_without_end_is_hung_up_on_and_kept_nowhere(server):
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    head = f"POST /login/customer/ HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nTransfer-Encoding: chunked\r\n\r\n"
    before, sent = server.resident_kib(), 0

    with server.raw() as endless, suppress(ConnectionError):
        endless.sendall(head.encode())
        while sent < 4000:
            endless.sendall(chunk)
            sent += 1

    assert 1600 <= sent < 2000
    assert server.resident_kib() - before < 20 * 1024


def test_a_request_that_is_all_headers_is_refused(server):
    with server.raw() as heady:
        with suppress(ConnectionError):
            heady.sendall(b"GET /icebreakers/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-Same: again\r\n" * 5000 + b"\r\n")

        assert heady.recv(12) == b"HTTP/1.1 400"


def test_who_comes_and_goes_leaves_no_descriptor_behind(server, headers):
    """SQLite closes a few of its file's only when nobody reads it any more: at most one a thread."""

    def come_and_go(times):
        for number in range(times):
            ann = server.connect(GROUP, **headers[0])
            ann.send({"message": "Just passing", "client_id": f"{number}"})
            ann.receive_type("ack")
            ann.close()
        let_go(server)

    come_and_go(5)
    before = server.descriptors()
    come_and_go(30)

    assert server.descriptors() <= before + settings.SOCKET_DATABASE_THREADS


def test_what_follows_a_flood_costs_nothing(server, headers):
    """More than a hundred thousand frames of it, which would take seconds to look at."""
    frame = b"\x81\x91\x00\x00\x00\x00" + b'{"type":"typing"}'
    with slow_reader(server, headers[0]["additional_headers"]["Authorization"]) as flooder:
        used = server.processor_seconds()

        with suppress(OSError):
            for _ in range(300):
                flooder.sendall(frame * 500)
        with suppress(OSError):
            while flooder.recv(65536):
                pass

    assert server.processor_seconds() - used < 1


def test_sign_in_failures_wrong_rooms_and_ended_sessions_have_their_codes(server, guests, headers):
    nobody = server.connect(GROUP)
    nobody.send({"message": "Hi"})
    assert nobody.closed_with() == ([INVALID_TOKEN], 4003)
    nowhere = server.connect("/ws/group/unknown/", **headers[0])
    assert nowhere.closed_with() == ([{"error": "Not found.", "code": "not_found"}], 4004)
    assert server.connect("/ws/nowhere/").closed_with() == ([], 4004)
    ann = server.connect(GROUP, **headers[0])
    ann.send({"type": "resume", "since": 0})
    ann.receive_type("resumed")
    end_all_sessions(guests[0])
    started = time.monotonic()
    assert ann.closed_with()[1] == 4003
    assert time.monotonic() - started < 2


def test_a_reader_that_is_too_slow_costs_little_and_is_closed_with_4009(server, headers):
    with slow_reader(server, headers[0]["additional_headers"]["Authorization"]) as slow:
        ben = server.connect(GROUP, **headers[1])
        before = server.resident_kib()

        received = []
        for _ in range(14):
            for _ in range(20):
                ben.send({"message": "🍻" * 4000})
            received += [ben.receive_type("message")["seq"] for _ in range(20)]
        grown = server.resident_kib() - before

        assert received == list(range(1, 281))
        assert grown < 8 * 1024
        assert read_to_the_end(slow) == 4009


def slow_reader(server, authorization):
    """A socket that has shaken hands and then reads nothing, with as little room for what it is sent as can be had."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(10)
    raw.connect(("127.0.0.1", server.port))
    raw.sendall(
        (
            f"GET {GROUP} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: {authorization}\r\n\r\n"
        ).encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += raw.recv(1)
    assert answer.startswith(b"HTTP/1.1 101")
    time.sleep(0.3)
    return raw


def read_to_the_end(raw):
    """Every whole frame, as the standard cuts them; the code of the one that closes."""
    stream = raw.makefile("rb")
    while True:
        first, length = stream.read(2)
        assert not length & 0x80
        if length == 126:
            (length,) = struct.unpack("!H", stream.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", stream.read(8))
        payload = stream.read(length)
        if first == 0x88:
            return struct.unpack("!H", payload[:2])[0]
        assert first == 0x81
        json.loads(payload)


def test_going_down_it_tells_sockets_finishes_requests_and_stores_what_it_took(venue, guests, headers):
    with serving() as server:
        ann, ben = (server.connect(GROUP, **each) for each in headers)
        for number in range(50):
            ann.send({"message": f"{number}", "client_id": f"{number}"})
        ann.receive_type("ack")
        with waiting_for_check_out(server, guests[0], headers[0]["additional_headers"]) as answer:
            started = time.monotonic()
            server.terminate()
            assert ben.closed_with()[1] == 1012
            frames, code = ann.closed_with()
        server.process.wait(timeout=12)
        took = time.monotonic() - started
        status = server.process.returncode

    acknowledged = [frame["id"] for frame in frames if frame.get("type") == "ack"]
    assert (code, answer, status) == (1012, [200], 0)
    assert took < 10
    assert Message.objects.filter(pk__in=acknowledged).count() == len(acknowledged)


@contextmanager
def waiting_for_check_out(server, user, headers):
    """A request that is in flight until the block ends, since we hold what it wants to change."""
    answer, asking = [], HTTPConnection("127.0.0.1", server.port, timeout=10)
    with transaction.atomic():
        Presence.objects.select_for_update().filter(user=user).update(certainty="qr")
        asking.request("POST", "/venues/check-out/", b"{}", {**headers, "Content-Type": "application/json"})
        until_somebody_waits_for_us()
        yield answer
    with closing(asking):
        answer.append(asking.getresponse().status)


def until_somebody_waits_for_us():
    """SQLite does not say who does."""
    if connection.vendor != "postgresql":
        time.sleep(0.3)
        return
    with connection.cursor() as cursor:

        def somebody_waits():
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE transactionid = pg_current_xact_id()::xid AND NOT granted)"
            )
            return cursor.fetchone()[0]

        until(somebody_waits)


def test_plain_daphne_serves_the_same_without_the_extras(guests, headers):
    with serving(PLAIN_DAPHNE) as server:
        ann, ben = (server.connect(GROUP, **each) for each in headers)
        ann.send({"message": "Hello", "client_id": "a"})
        assert ben.receive_type("message")["message"] == "Hello"
        assert ann.receive_type("ack")["seq"] == 1
        ann.connection.send("x" * 70_000)
        assert ann.closed_with()[1] == 4008
        end_all_sessions(guests[1])
        assert ben.closed_with()[1] == 4003
        late = server.connect("/ws/nowhere/")
        assert late.closed_with() == ([], 4004)
