"""`/ws/notifications/`: what one is told, and what of it is unread, on every open socket alike."""

import json

import pytest
from django.conf import settings

from accounts.services.sessions import end_all_sessions
from core.realtime.outbox import BUDGET_BYTES
from core.threads import in_database_thread
from notifications import kinds
from notifications.kinds import Kind, register_kind
from notifications.models import InboxLease, Notification
from notifications.realtime import inboxes, rings
from notifications.realtime.process import stop_inboxes
from notifications.services import NewNotification, notify
from notifications.services.inbox import mark_read
from tests.sockets.client import Held, Socket, play, until
from tests.sockets.conftest import bearer, token_of
from tests.sockets.server import RINGING_ONLY, let_go, serving

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

PATH = "/ws/notifications/"


@pytest.fixture(autouse=True)
def _a_kind(monkeypatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})
    register_kind(Kind("mention", "Somebody mentions you"))


@pytest.fixture
def bob(make_user):
    return make_user("bob", first_name="Bob")


def tell(recipient, actor, key: str = "mention:1") -> Notification:
    (told,) = notify(
        [
            NewNotification(
                recipient_id=recipient.pk,
                kind="mention",
                message="mentioned you in #general",
                dedupe_key=key,
                details={"channel_id": 1},
                actor_id=actor.pk,
            )
        ]
    )
    return told


def tell_of(recipient, actor, count: int) -> list[Notification]:
    """Of so many at once, the first first."""
    told = notify(
        [
            NewNotification(
                recipient_id=recipient.pk,
                kind="mention",
                message="mentioned you in #general",
                dedupe_key=f"mention:{number:04}",
                details={"channel_id": 1},
                actor_id=actor.pk,
            )
            for number in range(count)
        ]
    )
    return sorted(told, key=lambda one: one.pk)


class Line:
    """A connection whose client has so much still to take."""

    def __init__(self, pending: int) -> None:
        self.pending = pending
        self.frames: list = []

    def write(self, data: bytes, budget: int) -> bool:
        while data:
            length, start = data[1], 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            self.frames.append(json.loads(data[start : start + length]))
            data = data[start + length :]
        return True

    def close(self, code: int) -> None:
        raise AssertionError(code)


def frame_of(told: Notification) -> dict:
    return {
        "type": "notification",
        "message": "Bob mentioned you in #general",
        "notification": {
            "id": told.pk,
            "kind": "mention",
            "message": "Bob mentioned you in #general",
            "details": {"channel_id": 1},
            "created_at": told.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "read_at": None,
        },
    }


def unread(count: int) -> dict:
    return {"type": "unread_count", "unread_count": count}


def subscribed(count: int) -> dict:
    return {"type": "subscribed", "unread_count": count}


async def subscribe(headers, line: Line | None = None) -> Socket:
    socket = await Socket.open(PATH, headers=headers, extensions={"wire": line} if line else None)
    await socket.send({"type": "subscribe"})
    return socket


async def until_leased(inboxes: int) -> None:
    await until(lambda: in_database_thread(lambda: InboxLease.objects.count() == inboxes))


async def receive(socket: Socket, count: int) -> list:
    return [await socket.receive() for _ in range(count)]


def test_what_is_unread_comes_first_then_what_is_told(customer, bob):
    first, second = tell(customer, bob, "1"), tell(customer, bob, "2")
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        there = await receive(socket, 3)
        third = await in_database_thread(tell, customer, bob, "3")
        return there, third, await receive(socket, 2), await socket.is_silent()

    there, third, live, is_silent = play(scene)

    assert there == [subscribed(2), frame_of(first), frame_of(second)]
    assert live == [frame_of(third), unread(3)]
    assert is_silent


def test_nothing_is_sent_before_it_is_asked_for(customer, bob):
    headers = bearer(customer)

    async def scene():
        socket = await Socket.open(PATH, headers=headers)
        await in_database_thread(tell, customer, bob)
        return await socket.is_silent()

    assert play(scene)


def test_all_that_is_unread_comes_however_much_it_is(customer, bob):
    told = tell_of(customer, bob, 503)
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        there = await receive(socket, 504)
        await socket.send({"type": "read", "ids": [one.pk for one in told[-10:]]})
        return there, await socket.receive(), await socket.is_silent()

    there, afterwards, is_silent = play(scene)

    assert there == [subscribed(503), *(frame_of(one) for one in told)]
    assert (afterwards, is_silent) == (unread(493), True)


def test_it_comes_as_fast_as_it_is_taken_and_what_is_told_meanwhile_comes_after_it(customer, bob):
    told = tell_of(customer, bob, 450)
    headers = bearer(customer)

    async def scene():
        line = Line(pending=BUDGET_BYTES)
        slow, quick = await subscribe(headers, line), await subscribe(headers)
        there = await receive(quick, 451)
        live = await in_database_thread(tell, customer, bob, "live")
        there += await receive(quick, 2)
        await quick.close()
        await until(lambda: in_database_thread(lambda: not InboxLease.objects.exists()))
        held = len(line.frames)
        line.pending = 0
        await until(lambda: len(line.frames) >= 453)
        await until_leased(1)
        assert await slow.is_silent()
        return there, held, line.frames, live

    there, held, taken, live = play(scene)

    assert there == [subscribed(450), *(frame_of(one) for one in told), frame_of(live), unread(451)]
    assert held <= inboxes.LOOKED_AT + 1
    assert [frame for frame in taken if frame["type"] == "notification"] == [
        *(frame_of(one) for one in told),
        frame_of(live),
    ]
    assert [frame for frame in taken if frame["type"] != "notification"] == [subscribed(450), unread(451)]


def test_more_than_fits_one_look_that_comes_at_once_is_all_sent(customer, bob):
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        await socket.receive()
        told = await in_database_thread(tell_of, customer, bob, 303)
        frames = []
        while [frame["type"] for frame in frames].count("notification") < 303:
            frames.append(await socket.receive())
        return told, frames

    told, frames = play(scene)

    assert [frame for frame in frames if frame["type"] == "notification"] == [frame_of(one) for one in told]


def test_who_asks_again_in_the_middle_is_sent_all_from_the_start(customer, bob):
    told = tell_of(customer, bob, 250)
    headers = bearer(customer)

    async def scene():
        line = Line(pending=BUDGET_BYTES)
        socket = await subscribe(headers, line)
        await until(lambda: line.frames)
        held = len(line.frames)
        await socket.send({"type": "subscribe"})
        line.pending = 0
        await until(lambda: len(line.frames) >= held + 251)
        return line.frames[held:]

    assert play(scene) == [subscribed(250), *(frame_of(one) for one in told)]


def test_several_sockets_agree_on_what_is_read(customer, bob):
    told = [tell(customer, bob, str(number)) for number in range(3)]
    headers = bearer(customer)

    async def scene():
        one, other = await subscribe(headers), await subscribe(headers)
        await receive(one, 4), await receive(other, 4)
        await one.send({"type": "read", "ids": [told[0].pk]})
        counts = [await one.receive(), await other.receive()]
        await in_database_thread(mark_read, by=customer, ids=[told[1].pk])
        counts += [await one.receive(), await other.receive()]
        await other.send({"type": "read"})
        return [*counts, await one.receive(), await other.receive()]

    assert play(scene) == [unread(2), unread(2), unread(1), unread(1), unread(0), unread(0)]


def test_who_reads_what_changes_nothing_is_told_what_is_unread(customer, stranger, bob):
    tell(customer, bob)
    others = tell(stranger, bob)
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        await receive(socket, 2)
        await socket.send({"type": "read", "ids": [others.pk, 2**63 - 1]})
        return await socket.receive(), await socket.is_silent()

    assert play(scene) == (unread(1), True)
    assert Notification.objects.filter(read_at=None).count() == 2


def test_who_only_reads_is_told_what_is_unread(customer, bob):
    tell(customer, bob)
    headers = bearer(customer)

    async def scene():
        socket = await Socket.open(PATH, headers=headers)
        await socket.send({"type": "read"})
        return await socket.receive(), await socket.is_silent()

    assert play(scene) == (unread(0), True)


def test_asking_again_shows_what_is_unread_again(customer, bob):
    told = tell(customer, bob)
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        first = await receive(socket, 2)
        await socket.send({"type": "subscribe"})
        return first, await receive(socket, 2), await socket.is_silent()

    assert play(scene) == ([subscribed(1), frame_of(told)], [subscribed(1), frame_of(told)], True)


def test_others_hear_nothing_of_it(customer, stranger, bob):
    headers = bearer(stranger)

    async def scene():
        socket = await subscribe(headers)
        await socket.receive()
        await in_database_thread(tell, customer, bob)
        return await socket.is_silent()

    assert play(scene)


def test_a_lost_ring_costs_one_look(customer, bob, monkeypatch):
    monkeypatch.setattr(inboxes, "LOOK_EVERY", 0.2)
    monkeypatch.setattr(rings, "ring_everywhere", lambda *ring: None)
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        await socket.receive()
        told = await in_database_thread(tell, customer, bob)
        came = await receive(socket, 2)
        await in_database_thread(mark_read, by=customer)
        return told, came, await socket.receive(), await socket.is_silent(0.5)

    told, came, read, is_silent = play(scene)

    assert came == [frame_of(told), unread(1)]
    assert (read, is_silent) == (unread(0), True)


def test_what_was_stored_late_is_not_missed(customer, bob, monkeypatch):
    """Its id is older than one that was sent already."""
    late, early = tell(customer, bob, "late"), tell(customer, bob, "early")
    Notification.objects.filter(pk=late.pk).update(in_app=False)
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        there = await receive(socket, 2)
        await in_database_thread(Notification.objects.filter(pk=late.pk).update, in_app=True)
        rings.ring_for([customer.pk])
        return there, await receive(socket, 2)

    there, came = play(scene)

    assert there == [subscribed(1), frame_of(early)]
    assert came == [frame_of(late), unread(2)]


def test_much_that_is_told_is_sent_once(customer, bob, monkeypatch):
    monkeypatch.setattr(inboxes, "REMEMBERED", 20)
    monkeypatch.setattr(inboxes, "LOOKED_AT", 25)
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        await socket.receive()
        told = [await in_database_thread(tell, customer, bob, str(number)) for number in range(60)]
        frames = []
        while not frames or frames[-1] != unread(60):
            frames.append(await socket.receive())
        return told, frames, await socket.is_silent()

    told, frames, is_silent = play(scene)

    assert [frame for frame in frames if frame["type"] == "notification"] == [frame_of(one) for one in told]
    assert is_silent


def test_an_open_inbox_is_leased_until_its_last_socket_closes(customer):
    headers = bearer(customer)

    async def scene():
        one, other = await subscribe(headers), await subscribe(headers)
        await receive(one, 1), await receive(other, 1)
        await until_leased(1)
        await one.close()
        assert await other.is_silent(0.1)
        await until_leased(1)
        await other.close()
        await until_leased(0)
        await subscribe(headers)
        await until_leased(1)

    play(scene)
    assert not InboxLease.objects.exists()


def test_a_lease_is_renewed(customer, monkeypatch):
    monkeypatch.setattr(inboxes, "RENEW_EVERY", 0.1)
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        await socket.receive()
        await until_leased(1)
        await in_database_thread(InboxLease.objects.all().delete)
        await until_leased(1)

    play(scene)


def test_who_came_as_the_process_stopped_leaves_no_lease_behind(customer, monkeypatch):
    taking = Held(inboxes.settle_leases)
    monkeypatch.setattr(inboxes, "settle_leases", taking)
    headers = bearer(customer)

    async def scene():
        await subscribe(headers)
        await until(taking.has_begun.is_set)
        await taking.goes_on_during(stop_inboxes())

    play(scene)
    assert not InboxLease.objects.exists()


@pytest.mark.usefixtures("unswept")
def test_a_socket_dies_with_its_session(customer):
    headers = bearer(customer)

    async def scene():
        socket = await subscribe(headers)
        await socket.receive()
        await in_database_thread(end_all_sessions, customer)
        return await socket.closed_with()

    frames, code = play(scene)

    assert (frames[-1]["code"], code) == ("token_invalid", 4003)


@pytest.mark.parametrize("query", ["", "?token=nonsense", "?ticket=nonsense"])
def test_nobody_is_closed(db, query):
    async def scene():
        return await (await Socket.open(PATH + query)).closed_with()

    (frame,), code = play(scene)

    assert (frame["type"], set(frame), code) == ("error", {"type", "message", "code"}, 4003)


def test_a_token_may_stand_in_the_path(customer):
    token = token_of(customer)

    async def scene():
        socket = await Socket.open(f"{PATH}?token={token}")
        await socket.send({"type": "subscribe"})
        return await socket.receive()

    assert play(scene) == subscribed(0)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "frame_not_json"),
        ([], "frame_not_object"),
        ({}, "frame_type_unknown"),
        ({"type": "message"}, "frame_type_unknown"),
        ({"type": "read", "ids": "1"}, "frame_invalid"),
        ({"type": "read", "ids": ["1"]}, "frame_invalid"),
        ({"type": "read", "ids": [0]}, "frame_invalid"),
        ({"type": "read", "ids": [2**63]}, "frame_invalid"),
        ({"type": "read", "ids": list(range(1, 502))}, "frame_invalid"),
    ],
)
def test_a_bad_frame_is_refused_and_the_socket_stays(customer, bob, frame, code):
    tell(customer, bob)
    headers = bearer(customer)

    async def scene():
        socket = await Socket.open(PATH, headers=headers)
        await socket.send_unread(frame)
        refused = await socket.receive()
        await socket.send({"type": "subscribe"})
        return refused, await socket.receive()

    refused, afterwards = play(scene)

    assert (refused["type"], refused["code"], afterwards) == ("error", code, subscribed(1))


@pytest.mark.skipif(not settings.REDIS_URL, reason="several processes need Redis")
def test_what_one_process_does_the_sockets_of_another_are_told(customer, bob):
    told = tell(customer, bob, "1")
    with serving(RINGING_ONLY) as one, serving(RINGING_ONLY) as other:
        sockets = [node.connect(PATH, additional_headers=bearer(customer)) for node in (one, other)]
        for socket in sockets:
            socket.send({"type": "subscribe"})
            assert [socket.receive(), socket.receive()] == [subscribed(1), frame_of(told)]

        live = tell(customer, bob, "2")
        assert [[socket.receive(), socket.receive()] for socket in sockets] == [[frame_of(live), unread(2)]] * 2
        sockets[0].send({"type": "read", "ids": [told.pk]})
        assert [socket.receive() for socket in sockets] == [unread(1)] * 2
        assert InboxLease.objects.filter(user=customer).count() == 2
        let_go(one, other)
