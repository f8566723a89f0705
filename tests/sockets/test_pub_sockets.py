"""Pub Network's sockets, frame by frame."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.consumers import signed_in
from accounts.models import Session
from accounts.services.sessions import end_all_sessions, end_sessions
from chat.consumers import room as room_consumer
from chat.consumers import seat
from chat.consumers.pub import PubSpelling
from chat.models import Message
from chat.realtime.hub import Facts
from chat.services.changes import delete_message, edit_message, react
from chat.services.conversations import close_group, ensure_group, mute, open_private_chat
from chat.services.posting import NewMessage, post_messages
from conftest import open_pub_session
from core.surface import consumer
from core.threads import in_database_thread
from tests.sockets.client import PATIENCE, Socket, play, until_told_who_is_there
from tests.sockets.conftest import bearer, token_of

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

INVALID_TOKEN = {"error": "Invalid or expired token.", "code": "token_invalid"}


async def both_in(ann, ben):
    """Two open sockets of the venue's group, and nothing left unread on them."""
    first = await enter(ann)
    second = await enter(ben)
    await first.receive_type("user_joined")
    return first, second


async def enter(name):
    """A socket of the venue's group that has been let in, and whoever was there has been told so."""
    socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers[name])
    await until_told_who_is_there()
    return socket


bearer_headers = {}


@pytest.fixture
def headers(guests):
    bearer_headers.clear()
    bearer_headers.update({"ann": bearer(guests[0]), "ben": bearer(guests[1])})


def test_a_message_with_a_token_in_its_frame_reaches_everyone_connected(guests):
    ann, ben = (token_of(user) for user in guests)

    async def scene():
        first = await Socket.open("/ws/group/anchor/")
        second = await Socket.open("/ws/group/anchor/")
        await second.send({"token": ben, "type": "resume", "since": 0})
        await second.receive_type("resumed")
        await first.send({"token": ann, "message": "Hello group!"})
        return await first.receive_type("message"), await second.receive_type("message")

    mine, theirs = play(scene)
    stored = Message.objects.get()
    assert mine == theirs
    assert mine == {
        "type": "message",
        "id": stored.pk,
        "seq": 1,
        "sender": "ann",
        "message": "Hello group!",
        "timestamp": stored.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }


def test_whose_socket_is_open_hears_everything_from_then_on(guests, headers):
    async def scene():
        heard = []
        for number in range(10):
            first, second = [
                await Socket.open("/ws/group/anchor/", headers=bearer_headers[name]) for name in ("ann", "ben")
            ]
            await first.send({"message": str(number)})
            heard.append((await second.receive_type("message"))["message"])
            await first.close()
            await second.close()
        return heard

    assert play(scene) == [str(number) for number in range(10)]


def test_a_handshake_does_not_wait_for_a_slow_database_for_ever(guests, headers, monkeypatch):
    monkeypatch.setattr(consumer, "ANSWER_WITHIN", 0.05)
    real, is_answered = seat.admit_to, threading.Event()

    def admit_once_answered(user, conversation):
        assert is_answered.wait(PATIENCE)
        return real(user, conversation)

    monkeypatch.setattr(seat, "admit_to", admit_once_answered)

    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        is_answered.set()
        await socket.send({"message": "At last"})
        return (await socket.receive_type("message"))["message"]

    assert play(scene) == "At last"


@pytest.mark.parametrize("way", ["header", "subprotocol", "query", "cookie", "frame"])
def test_a_token_may_come_in_any_of_these_ways(guests, settings, way):
    token = token_of(guests[0])
    origin = {"Origin": settings.PUBLIC_URL, "Cookie": f"access_token={token}"}

    async def scene():
        path = "/ws/group/anchor/" + (f"?token={token}" if way == "query" else "")
        headers = {"header": {"Authorization": f"Bearer {token}"}, "cookie": origin}.get(way, {})
        socket = await Socket.open(
            path, headers=headers, subprotocols=["bearer", token] if way == "subprotocol" else []
        )
        await socket.send({"message": "Hi", **({"token": token} if way == "frame" else {})})
        return (await socket.receive_type("message"))["message"], socket.subprotocol

    assert play(scene) == ("Hi", "bearer" if way == "subprotocol" else None)


def test_a_cookie_from_a_foreign_page_is_not_looked_at(guests):
    headers = {"Origin": "https://evil.example", "Cookie": f"access_token={token_of(guests[0])}"}

    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=headers)
        await socket.send({"message": "Hi"})
        return await socket.closed_with()

    assert play(scene) == ([INVALID_TOKEN], 4003)
    assert not Message.objects.exists()


@pytest.mark.parametrize("token", ["nonsense", "", "a.b.c"])
def test_a_bad_token_gets_the_error_frame_and_4003(guests, token):
    async def scene():
        return await (
            await Socket.open("/ws/group/anchor/", headers={"Authorization": f"Bearer {token}"})
        ).closed_with()

    assert play(scene) == ([INVALID_TOKEN], 4003)


def test_a_frame_without_any_token_gets_the_error_frame_and_4003(guests):
    async def scene():
        socket = await Socket.open("/ws/group/anchor/")
        await socket.send({"message": "Hello?"})
        return await socket.closed_with()

    assert play(scene) == ([INVALID_TOKEN], 4003)


def test_a_socket_that_never_signs_in_hears_nothing_and_is_closed(guests, monkeypatch):
    monkeypatch.setattr(signed_in, "TOKEN_WAIT", 0.5)
    ann = bearer(guests[0])

    async def scene():
        silent = await Socket.open("/ws/group/anchor/")
        talking = await Socket.open("/ws/group/anchor/", headers=ann)
        await talking.send({"message": "Anyone?"})
        await talking.receive_type("message")
        return await silent.closed_with()

    assert play(scene) == ([INVALID_TOKEN], 4003)


def test_another_users_token_in_a_frame_is_refused_and_the_socket_stays(guests):
    ann, ben = (token_of(user) for user in guests)

    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers={"Authorization": f"Bearer {ann}"})
        await socket.send({"token": ben, "message": "I am Ben"})
        refused = await socket.receive()
        await socket.send({"message": "I am Ann"})
        return refused, await socket.receive_type("message")

    refused, said = play(scene)
    assert refused == {"error": "This token is another user's.", "code": "other_users_token"}
    assert (said["sender"], said["message"]) == ("ann", "I am Ann")


@pytest.mark.parametrize("var_id", ["nowhere", "old"])
def test_joining_needs_a_current_var_id(guests, venue, var_id):
    venue.var_ids.create(value="old", valid_from=timezone.now(), valid_until=timezone.now() + timedelta(seconds=0.01))
    time.sleep(0.02)
    headers = bearer(guests[0])

    async def scene():
        return await (await Socket.open(f"/ws/group/{var_id}/", headers=headers)).closed_with()

    assert play(scene) == ([{"error": "Not found.", "code": "not_found"}], 4004)


def test_who_is_not_at_the_venue_cannot_join(venue, customer):
    headers = bearer(customer)

    async def scene():
        return (await (await Socket.open("/ws/group/anchor/", headers=headers)).closed_with())[1]

    assert play(scene) == 4004


def test_a_socket_to_nowhere_is_closed_with_4004(db):
    async def scene():
        return await (await Socket.open("/ws/nowhere/")).closed_with()

    assert play(scene) == ([], 4004)


def test_an_ack_follows_the_commit_and_a_repeated_client_id_is_stored_and_told_once(guests, headers):
    async def scene():
        ann, ben = await both_in("ann", "ben")
        for _ in range(3):
            await ann.send({"message": "Once", "client_id": "a1"})
        acks = [await ann.receive_type("ack") for _ in range(3)]
        await ben.receive_type("message")
        return acks, await ben.is_silent()

    acks, silent = play(scene)
    stored = Message.objects.get()
    assert acks == [{"type": "ack", "client_id": "a1", "id": stored.pk, "seq": 1}] * 3
    assert silent


BAD_FRAMES = (
    ("nonsense", "frame_not_json"),
    ("[]", "frame_not_object"),
    ('"text"', "frame_not_object"),
    ({"type": "dance"}, "frame_type_unknown"),
    ({"type": 7}, "frame_type_unknown"),
    ({}, "frame_invalid"),
    ({"message": 7}, "frame_invalid"),
    ({"message": None}, "frame_invalid"),
    ({"message": "x" * 4001}, "frame_invalid"),
    ({"message": "x", "client_id": "y" * 65}, "frame_invalid"),
    ({"message": "x", "client_id": ""}, "frame_invalid"),
    ({"type": "resume", "since": -1}, "frame_invalid"),
    ({"type": "resume", "since": 2**70}, "frame_invalid"),
    ({"type": "read"}, "frame_invalid"),
    ({"message": "x" * 17000}, "frame_too_large"),
    ('{"message": "\\ud800"}', "frame_not_json"),
    ({"message": "nul \0"}, "message_invalid"),
    ({"message": "   "}, "message_invalid"),
)


def test_a_bad_frame_gets_the_error_frame_and_the_socket_stays_open(guests, headers):
    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        refused = []
        for frame, _ in BAD_FRAMES:
            await socket.send_unread(frame)
            refused.append((frame, (await socket.receive())["code"]))
        await socket.send({"message": "Still here"})
        return refused, await socket.receive_type("message")

    refused, said = play(scene)
    assert refused == list(BAD_FRAMES)
    assert said["message"] == "Still here"


def test_a_bad_field_is_named(guests, headers):
    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        await socket.send_unread({"message": 7})
        return await socket.receive()

    assert play(scene) == {"error": "message: Expected `str`, got `int`", "code": "frame_invalid"}


def test_too_many_frames_close_with_4008(guests, headers):
    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        for _ in range(400):
            await socket.send({"type": "typing"})
        return await socket.closed_with()

    assert play(scene) == ([], 4008)


def test_a_frame_over_64_kib_closes_with_4008(guests, headers):
    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        await socket.send_unread({"message": "x" * 70_000})
        return await socket.closed_with()

    assert play(scene) == ([], 4008)


@pytest.mark.usefixtures("unswept")
def test_an_ended_session_closes_its_sockets_and_no_others(guests, headers):
    async def scene():
        ann, ben = await both_in("ann", "ben")
        await in_database_thread(end_all_sessions, guests[0])
        closed = await ann.closed_with()
        await ben.send({"message": "Still here"})
        return closed, (await ben.receive_type("message"))["message"]

    closed, said = play(scene)
    assert closed == ([INVALID_TOKEN], 4003)
    assert said == "Still here"


def test_a_socket_dies_with_its_token(guests):
    opened = open_pub_session(guests[0])
    Session.objects.filter(pk=opened.session.pk).update(access_lifetime=timedelta(seconds=1))
    opened.session.refresh_from_db()
    from_now = time.time
    time.time = lambda: from_now() + 3599.5
    try:

        async def scene():
            headers = {"Authorization": f"Bearer {opened.tokens.access}"}
            return await (await Socket.open("/ws/group/anchor/", headers=headers)).closed_with()

        assert play(scene) == ([INVALID_TOKEN], 4003)
    finally:
        time.time = from_now


def test_a_later_token_of_the_same_user_takes_the_first_ones_place(guests):
    first, second = open_pub_session(guests[0]), open_pub_session(guests[0])

    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers={"Authorization": f"Bearer {first.tokens.access}"})
        await socket.send({"token": second.tokens.access, "message": "Renewed"})
        await socket.receive_type("message")
        await in_database_thread(end_sessions, [first.session])
        await socket.send({"message": "Still here"})
        said = (await socket.receive_type("message"))["message"]
        await in_database_thread(end_sessions, [second.session])
        return said, await socket.closed_with()

    assert play(scene) == ("Still here", ([INVALID_TOKEN], 4003))


def test_what_a_closing_socket_still_sends_is_not_heard(guests, headers):
    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        await socket.send({"message": "Heard"})
        await socket.receive_type("message")
        await in_database_thread(end_all_sessions, guests[0])
        await socket.closed_with()
        await socket.send({"message": "Not heard"})
        await socket.close()

    play(scene)
    assert Message.objects.get().body == "Heard"


def test_with_the_database_away_nobody_is_let_in_and_told_to_come_again(guests, headers, monkeypatch, caplog):
    def away(*_):
        raise OperationalError("away")

    monkeypatch.setattr(seat, "admit_to", away)

    async def scene():
        return await (await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])).closed_with()

    frames, code = play(scene)
    assert ([frame["code"] for frame in frames], code) == (["unavailable"], 4011)


def test_with_the_database_away_a_frame_is_refused_and_the_socket_stays(guests, headers, monkeypatch):
    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        await socket.send({"message": "1"})
        await socket.receive_type("message")
        hub = (await room_consumer.real_time()).hub

        def away(*_):
            raise OperationalError("away")

        monkeypatch.setattr(hub, "_facts", Facts(away, away))
        await socket.send({"type": "resume", "since": 0})
        refused = await socket.receive()
        await socket.send({"message": "2"})
        return refused["code"], (await socket.receive_type("message"))["message"]

    assert play(scene) == ("unavailable", "2")


def test_what_nobody_foresaw_is_logged_once_and_ends_one_socket(guests, headers, monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError

    async def scene():
        ann, ben = await both_in("ann", "ben")
        monkeypatch.setattr(room_consumer.RoomConsumer, "typing", broken)
        await ann.send({"type": "typing"})
        frames, code = await ann.closed_with()
        await ben.send({"message": "Still here"})
        return frames, code, (await ben.receive_type("message"))["message"]

    frames, code, said = play(scene)
    assert (frames, code, said) == (
        [{"error": "Something went wrong on our side.", "code": "internal_error"}],
        4011,
        "Still here",
    )
    assert caplog.text.count("unforeseen exception") == 1


def test_a_server_that_goes_down_says_so_and_leaves_nobody_behind(guests, headers):
    async def scene():
        ann, ben = await both_in("ann", "ben")
        ann.serving.cancel()
        closed = await ann.closed_with()
        return closed, await ben.receive_type("user_left")

    closed, left = play(scene)
    assert closed == ([], 4012)
    assert left["user"] == "ann"


def test_resume_gives_what_was_missed_once_and_in_order_and_then_goes_on_live(venue, guests, headers):
    conversation = ensure_group(venue).pk
    post_messages([NewMessage(conversation, guests[1], f"missed {number}") for number in range(1, 6)])

    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        await socket.send({"type": "resume", "since": 2})
        frames = [await socket.receive() for _ in range(4)]
        await socket.send({"message": "live"})
        return frames, await socket.receive_type("message")

    frames, live = play(scene)
    assert [(frame["type"], frame["seq"]) for frame in frames] == [
        ("message", 3),
        ("message", 4),
        ("message", 5),
        ("resumed", 5),
    ]
    assert frames[-1] == {"type": "resumed", "seq": 5, "complete": True}
    assert (live["seq"], live["message"]) == (6, "live")


def test_a_resume_of_more_than_a_thousand_goes_in_parts(venue, guests, headers):
    conversation = ensure_group(venue).pk
    post_messages([NewMessage(conversation, guests[1], f"{number}") for number in range(1, 1203)])

    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        parts = []
        since = 0
        while not parts or not parts[-1][-1]["complete"]:
            await socket.send({"type": "resume", "since": since})
            part = [await socket.receive()]
            while part[-1]["type"] != "resumed":
                part.append(await socket.receive())
            parts.append(part)
            since = part[-1]["seq"]
        return parts

    first, second = play(scene)
    assert first[-1] == {"type": "resumed", "seq": 1000, "complete": False}
    assert second[-1] == {"type": "resumed", "seq": 1202, "complete": True}
    seqs = [frame["seq"] for frame in first[:-1] + second[:-1]]
    assert seqs == list(range(1, 1203))


def test_changes_made_over_rest_reach_the_room(venue, guests, headers):
    async def scene():
        ann, ben = await both_in("ann", "ben")
        await ann.send({"message": "Helo"})
        message_id = (await ben.receive_type("message"))["id"]
        await in_database_thread(edit_message, by=guests[0], message_id=message_id, body="Hello")
        edited = await ben.receive_type("message_edited")
        await in_database_thread(react, by=guests[1], message_id=message_id, emoji="👋")
        reacted = await ann.receive_type("reaction")
        await in_database_thread(delete_message, by=guests[0], message_id=message_id)
        return message_id, edited, reacted, await ben.receive_type("message_deleted")

    message_id, edited, reacted, deleted = play(scene)
    edited.pop("edited_at")
    assert edited == {"type": "message_edited", "id": message_id, "seq": 2, "message": "Hello"}
    assert reacted == {
        "type": "reaction",
        "id": message_id,
        "seq": 3,
        "emoji": "👋",
        "user": "stranger",
        "added": True,
    }
    assert deleted == {"type": "message_deleted", "id": message_id, "seq": 4}


def test_typing_is_told_to_the_others_at_most_once_a_second(guests, headers):
    async def scene():
        ann, ben = await both_in("ann", "ben")
        for _ in range(5):
            await ann.send({"type": "typing"})
        return await ben.receive_type("typing"), await ben.is_silent(), await ann.is_silent()

    assert play(scene) == ({"type": "typing", "user": "ann"}, True, True)


def test_several_devices_of_a_user_come_and_go_as_one(guests, headers):
    async def scene():
        ben = await enter("ben")
        phone = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        joined = await ben.receive()
        laptop = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        await until_told_who_is_there()
        await phone.close()
        await until_told_who_is_there()
        quiet = await ben.is_silent()
        await laptop.close()
        return joined, quiet, await ben.receive()

    assert play(scene) == (
        {"type": "user_joined", "user": "ann", "online": 2},
        True,
        {"type": "user_left", "user": "ann", "online": 1},
    )


def test_a_muted_sender_is_told_until_when(venue, owner, guests, headers):
    muted = mute(by=owner, venue_id=venue.pk, username="ann", minutes=10)

    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        await socket.send({"message": "Let me speak", "client_id": "m1"})
        return await socket.receive()

    assert play(scene) == {
        "error": "You are muted in this group.",
        "code": "muted",
        "until": muted.until.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "client_id": "m1",
    }
    assert not Message.objects.exists()


def test_nobody_can_write_in_a_closed_group(venue, owner, guests, headers):
    close_group(by=owner, venue_id=venue.pk)

    async def scene():
        socket = await Socket.open("/ws/group/anchor/", headers=bearer_headers["ann"])
        await socket.send({"message": "Hello?"})
        return (await socket.receive())["code"]

    assert play(scene) == "group_closed"


def test_a_private_chat_is_between_its_two_users_only(guests, make_user):
    chat = open_private_chat(by=guests[0], username="stranger").conversation.pk
    ann, ben, carl = bearer(guests[0]), bearer(guests[1]), bearer(make_user("carl"))

    async def scene():
        first = await Socket.open(f"/ws/private/{chat}/", headers=ann)
        second = await Socket.open(f"/ws/private/{chat}", headers=ben)
        third = await Socket.open(f"/ws/private/{chat}/", headers=carl)
        await first.send({"message": "Psst"})
        said = await second.receive_type("message")
        await second.send({"type": "read", "seq": said["seq"]})
        return said["message"], await first.receive_type("read"), await third.closed_with()

    assert play(scene) == (
        "Psst",
        {"type": "read", "user": "stranger", "seq": 1},
        ([{"error": "Not found.", "code": "not_found"}], 4004),
    )


def test_a_burst_arrives_whole_and_in_order_at_everybody(guests, headers):
    async def scene():
        ann, ben = await both_in("ann", "ben")
        for number in range(200):
            await ann.send({"message": str(number), "client_id": str(number)})
        return [await ben.receive_type("message") for _ in range(200)]

    frames = play(scene)
    assert [frame["seq"] for frame in frames] == list(range(1, 201))
    assert [frame["message"] for frame in frames] == [str(number) for number in range(200)]


def test_a_lost_and_a_doubled_doorbell_heal(venue, guests, headers):
    """What another process stores without ringing is found by comparing heads; told twice, it is delivered once."""

    async def scene():
        ann, ben = await both_in("ann", "ben")
        hub = (await room_consumer.real_time()).hub
        publish, hub.publish = hub.publish, lambda entries: None
        await ann.send({"message": "unrung", "client_id": "a"})
        await ann.receive_type("ack")
        hub.publish = lambda entries: (publish(entries), publish(entries))
        await ann.send({"message": "rung twice"})
        frames = [await ben.receive_type("message") for _ in range(2)]
        return [(frame["seq"], frame["message"]) for frame in frames], await ben.is_silent()

    assert play(scene) == ([(1, "unrung"), (2, "rung twice")], True)


def test_heads_are_compared_without_any_doorbell(venue, guests, headers):
    async def scene():
        ann, ben = await both_in("ann", "ben")
        hub = (await room_consumer.real_time()).hub
        hub.publish = lambda entries: None
        await ann.send({"message": "unrung"})
        return (await ben.receive_type("message"))["message"]

    assert play(scene) == "unrung"


def test_frames_are_json_of_one_line():
    frame = PubSpelling().ack("x\n", 1, 2)

    assert json.loads(frame.text) == {"type": "ack", "client_id": "x\n", "id": 1, "seq": 2}
    assert "\n" not in frame.text
    assert frame.wire == bytes((0x81, len(frame.text))) + frame.text.encode()
