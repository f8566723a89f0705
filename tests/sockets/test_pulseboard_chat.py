"""Pulseboard's chat socket, frame by frame."""

import asyncio
import threading
import time
from datetime import UTC

import pytest
from django.conf import settings
from django.db import OperationalError

from accounts.models import Session
from accounts.services.blocks import block_user
from accounts.services.sessions import end_all_sessions
from chat.consumers import pulseboard, seat
from chat.models import Conversation, Message, SocketLease
from chat.services.changes import delete_message, edit_message, react
from chat.services.posting import NewMessage, post_in_channel, post_messages
from conftest import open_pub_session
from core.threads import in_database_thread
from tests.sockets.client import PATIENCE, Socket, play, until_deaf
from tests.sockets.conftest import bearer, token_of
from tests.sockets.server import RINGING_ONLY, let_go, serving
from workspaces.services.channels import (
    change_channel,
    create_channel,
    delete_channel,
    let_into_channel,
    put_out_of_channel,
)
from workspaces.services.members import remove_member, take_in
from workspaces.services.workspaces import create_workspace, delete_workspace

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

CHAT = "/ws/chat/"
INVALID_TOKEN = {"type": "error", "message": "Invalid or expired token.", "code": "token_invalid"}


@pytest.fixture
def workspace(customer, stranger):
    """Of Ann, with the stranger as a member."""
    workspace = create_workspace(name="Engineering Team", by=customer)
    take_in(workspace, stranger, "member", by_id=customer.pk)
    return workspace


@pytest.fixture
def channel(workspace, customer):
    return create_channel(workspace=workspace, name="general", by=customer)


@pytest.fixture
def secret(workspace, customer, stranger):
    """A private channel of both."""
    secret = create_channel(workspace=workspace, name="leads", is_private=True, by=customer)
    let_into_channel(channel=secret, user_id=stranger.pk, by=customer)
    return secret


def say(by, channel, body="Hello"):
    return post_in_channel(by=by, channel_id=channel.pk, body=body).message


def shown(message):
    return {
        "id": message.pk,
        "sender_email": message.sender.email,
        "body": message.body,
        "created_at": message.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "seq": message.seq,
    }


def error(code, message, **more):
    return {"type": "error", "message": message, "code": code, **more}


def lost(channel):
    return error("not_found", "Not found.", channel_id=channel.pk)


async def connect(user_headers):
    return await Socket.open(CHAT, headers=user_headers)


async def join(socket, channel):
    await socket.send({"type": "join_channel", "channel_id": channel.pk})
    return await socket.receive()


@pytest.fixture
def headers(customer, stranger):
    return bearer(customer), bearer(stranger)


def test_the_documents_example_works_as_written(customer, channel):
    token = token_of(customer)

    async def scene():
        socket = await Socket.open(f"{CHAT}?token={token}")
        await socket.send({"type": "join_channel", "channel_id": channel.pk})
        await socket.send({"type": "send_message", "channel_id": channel.pk, "body": "Hello team!"})
        return await socket.receive(), await socket.receive()

    joined, said = play(scene)

    message = Message.objects.get()
    assert joined == {"type": "joined", "channel_id": channel.pk, "seq": 0}
    assert said == {"type": "new_message", "channel_id": channel.pk, "message": shown(message)}


def test_one_socket_hears_many_channels_each_by_its_name(customer, stranger, channel, secret, headers):
    before = say(customer, channel)

    async def scene():
        socket = await connect(headers[0])
        joined = [await join(socket, one) for one in (channel, secret, channel)]
        for one in (secret, channel):
            await in_database_thread(say, stranger, one)
        return joined, [await socket.receive() for _ in range(2)]

    joined, heard = play(scene)

    assert joined == [
        {"type": "joined", "channel_id": channel.pk, "seq": 1},
        {"type": "joined", "channel_id": secret.pk, "seq": 0},
        {"type": "joined", "channel_id": channel.pk, "seq": 1},
    ]
    assert heard == [
        {"type": "new_message", "channel_id": Conversation.objects.get(pk=message.conversation_id).channel_id}
        | {"message": shown(message)}
        for message in Message.objects.exclude(pk=before.pk).order_by("pk")
    ]


def test_sending_needs_no_joining_and_is_acknowledged_once_stored(customer, channel, headers):
    sent = {"type": "send_message", "channel_id": channel.pk, "body": "Hello", "client_id": "a"}

    async def scene():
        socket = await connect(headers[0])
        for _ in range(2):
            await socket.send(sent)
        acks = [await socket.receive() for _ in range(2)]
        return acks, await socket.is_silent()

    acks, was_silent = play(scene)

    message = Message.objects.get()
    ack = {"type": "ack", "channel_id": channel.pk, "client_id": "a", "id": message.pk, "seq": 1}
    assert acks == [ack, ack]
    assert was_silent


def test_changes_are_told_as_they_happen(customer, stranger, channel, headers):
    message = say(customer, channel)

    def change():
        edit_message(message_id=message.pk, by=customer, body="Bye")
        react(message_id=message.pk, by=stranger, emoji="👍")
        delete_message(message_id=message.pk, by=customer)

    async def scene():
        socket = await connect(headers[1])
        await join(socket, channel)
        await in_database_thread(change)
        return [await socket.receive() for _ in range(3)]

    edited, reacted, deleted = play(scene)

    of = {"channel_id": channel.pk, "id": message.pk}
    said, by = dict.fromkeys(("message", "body"), "Bye"), dict.fromkeys(("user", "user_email"), stranger.email)
    assert edited == {"type": "message_edited", "seq": 2, **said, "edited_at": edited["edited_at"], **of}
    assert reacted == {"type": "reaction", "seq": 3, "emoji": "👍", **by, "added": True, **of}
    assert deleted == {"type": "message_deleted", "seq": 4, **of}


def test_typing_is_told_to_the_others_who_joined(channel, customer, headers):
    async def scene():
        ann, ben = await connect(headers[0]), await connect(headers[1])
        for socket in (ann, ben):
            await join(socket, channel)
        for _ in range(3):
            await ann.send({"type": "typing", "channel_id": channel.pk})
        return await ben.receive(), await ann.is_silent(), await ben.is_silent(0)

    typing, *silence = play(scene)

    assert typing == {"type": "typing", "channel_id": channel.pk, "user_email": customer.email}
    assert silence == [True, True]


def test_who_leaves_hears_no_more_and_may_come_back(channel, stranger, headers):
    async def scene():
        socket = await connect(headers[0])
        await join(socket, channel)
        await socket.send({"type": "leave_channel", "channel_id": channel.pk})
        left = await socket.receive()
        await in_database_thread(say, stranger, channel, "unheard")
        was_silent = await socket.is_silent()
        await socket.send({"type": "leave_channel", "channel_id": channel.pk})
        again = await socket.receive()
        return left, was_silent, again, await join(socket, channel)

    left = {"type": "left", "channel_id": channel.pk}
    assert play(scene) == (left, True, left, {"type": "joined", "channel_id": channel.pk, "seq": 1})


@pytest.mark.parametrize("joins_first", [True, False])
def test_a_resume_sends_what_was_missed_and_then_what_happens(channel, secret, stranger, headers, joins_first):
    messages = [say(stranger, channel, str(number)) for number in range(5)]
    say(stranger, secret)
    delete_message(message_id=messages[3].pk, by=stranger)

    async def scene():
        socket = await connect(headers[0])
        if joins_first:
            await join(socket, channel)
        await socket.send({"type": "resume", "channel_id": channel.pk, "since": 2})
        missed = [await socket.receive() for _ in range(5)]
        await in_database_thread(say, stranger, channel, "live")
        return missed, await socket.receive()

    missed, live = play(scene)

    assert missed == [
        {"type": "new_message", "channel_id": channel.pk, "message": shown(messages[2])},
        {"type": "message_deleted", "channel_id": channel.pk, "id": messages[3].pk, "seq": 4},
        {"type": "new_message", "channel_id": channel.pk, "message": shown(messages[4])},
        {"type": "message_deleted", "channel_id": channel.pk, "id": messages[3].pk, "seq": 6},
        {"type": "resumed", "channel_id": channel.pk, "seq": 6, "complete": True},
    ]
    assert (live["message"]["seq"], live["message"]["body"]) == (7, "live")


def test_a_resume_from_far_back_comes_in_parts(channel, customer, stranger, headers):
    room = Conversation.objects.get(channel=channel)
    post_messages([NewMessage(room.pk, stranger, str(number), "", channel.pk) for number in range(1001)])

    async def scene():
        socket, seqs, resumed = await connect(headers[0]), [], []
        since = 0
        for _ in range(2):
            await socket.send({"type": "resume", "channel_id": channel.pk, "since": since})
            while (frame := await socket.receive())["type"] == "new_message":
                seqs.append(frame["message"]["seq"])
            resumed.append(frame)
            since = frame["seq"]
        return seqs, resumed

    seqs, resumed = play(scene)

    assert seqs == list(range(1, 1002))
    assert [(frame["seq"], frame["complete"]) for frame in resumed] == [(1000, False), (1001, True)]


def test_joining_while_much_is_said_leaves_no_gap_after_it(channel, stranger, headers):
    async def scene():
        socket = await connect(headers[0])
        talking = asyncio.ensure_future(
            in_database_thread(lambda: [say(stranger, channel, str(number)) for number in range(30)])
        )
        await asyncio.sleep(0.1)
        joined = await join(socket, channel)
        heard = [(await socket.receive())["message"]["seq"] for _ in range(30 - joined["seq"])]
        await talking
        return joined["seq"], heard

    seq, heard = play(scene)

    assert heard == list(range(seq + 1, 31))


def test_messages_of_those_one_has_blocked_are_kept_away(channel, customer, stranger, headers):
    async def scene():
        socket = await connect(headers[0])
        await join(socket, channel)
        await in_database_thread(block_user, blocked=stranger, by=customer)
        await until_deaf(to=stranger, by=customer)
        await in_database_thread(say, stranger, channel, "unheard")
        await in_database_thread(say, customer, channel, "heard")
        live = (await socket.receive())["message"]["body"]
        await socket.send({"type": "resume", "channel_id": channel.pk, "since": 0})
        return live, (await socket.receive())["message"]["body"], (await socket.receive())["type"]

    assert play(scene) == ("heard", "heard", "resumed")


@pytest.mark.parametrize("frame", ["join_channel", "send_message", "resume", "typing"])
@pytest.mark.parametrize("who", ["outsider", "not let in", "unknown", "deleted"])
def test_a_channel_that_is_not_open_is_not_there(workspace, channel, customer, stranger, make_user, frame, who):
    closed = create_channel(workspace=workspace, name="board", is_private=True, by=customer)
    user, channel_id = {
        "outsider": (make_user("olaf"), channel.pk),
        "not let in": (stranger, closed.pk),
        "unknown": (stranger, 999999),
        "deleted": (customer, channel.pk),
    }[who]
    if who == "deleted":
        delete_channel(channel=channel, by=customer)
    more = {"send_message": {"body": "Hello", "client_id": "a"}, "resume": {"since": 0}}.get(frame, {})
    signed_in = bearer(user)

    async def scene():
        socket = await connect(signed_in)
        await socket.send({"type": frame, "channel_id": channel_id, **more})
        return await socket.receive(), await socket.is_silent(0.1)

    refusal, was_silent = play(scene)

    named = {"channel_id": channel_id}
    if frame == "typing":
        assert refusal == error("not_joined", "Join this channel first.", **named)
    elif frame == "send_message":
        assert refusal == error("not_found", "Not found.", client_id="a", **named)
    else:
        assert refusal == error("not_found", "Not found.", **named)
    assert was_silent
    assert not Message.objects.exists()


def leave_by(way, workspace, secret, customer, stranger):
    acts = {
        "put out": lambda: put_out_of_channel(channel=secret, user_id=stranger.pk, by=customer),
        "removed": lambda: remove_member(workspace=workspace, user_id=stranger.pk, by=customer),
        "deleted": lambda: delete_channel(channel=secret, by=customer),
        "workspace deleted": lambda: delete_workspace(workspace=workspace, by=customer),
    }
    acts[way]()


@pytest.mark.parametrize("way", ["put out", "removed", "deleted", "workspace deleted"])
@pytest.mark.usefixtures("unswept")
def test_who_loses_a_channel_is_told_so_and_hears_no_more(workspace, channel, secret, customer, stranger, headers, way):
    keeps_the_other = way in ("put out", "deleted")

    async def scene():
        socket = await connect(headers[1])
        for one in (channel, secret):
            await join(socket, one)
        await in_database_thread(leave_by, way, workspace, secret, customer, stranger)
        told = [await socket.receive() for _ in range(1 if keeps_the_other else 2)]
        if way in ("put out", "removed"):
            await in_database_thread(say, customer, secret, "unheard")
        if keeps_the_other:
            await in_database_thread(say, customer, channel, "heard")
            told.append((await socket.receive())["message"]["body"])
        return told, await socket.is_silent()

    told, was_silent = play(scene)

    assert told == ([lost(secret), "heard"] if keeps_the_other else [lost(channel), lost(secret)])
    assert was_silent


def test_who_is_left_outside_when_a_channel_becomes_private_hears_no_more(
    channel, workspace, customer, stranger, headers
):
    async def scene():
        ann, ben = await connect(headers[0]), await connect(headers[1])
        for socket in (ann, ben):
            await join(socket, channel)
        await in_database_thread(change_channel, channel=channel, fields={"is_private": True}, by=customer)
        told = await ben.receive()
        await in_database_thread(say, customer, channel, "between us")
        return told, (await ann.receive())["message"]["body"], await ben.is_silent()

    assert play(scene) == (lost(channel), "between us", True)


def test_a_channel_that_becomes_private_just_as_somebody_is_let_in_is_looked_at_again(
    channel, customer, headers, monkeypatch
):
    real = seat.admit_to

    def admit_and_close(user, conversation):
        admission = real(user, conversation)
        change_channel(channel=channel, fields={"is_private": True}, by=customer)
        return admission

    monkeypatch.setattr(seat, "admit_to", admit_and_close)

    async def scene():
        ben = await connect(headers[1])
        await ben.send({"type": "join_channel", "channel_id": channel.pk})
        while (told := await ben.receive())["type"] == "joined":
            pass
        await in_database_thread(say, customer, channel, "between us")
        return told, await ben.is_silent()

    assert play(scene) == (lost(channel), True)


def test_nothing_is_heard_in_a_channel_by_who_is_not_let_in(channel, workspace, customer, headers, monkeypatch):
    closed = create_channel(workspace=workspace, name="board", is_private=True, by=customer)
    real, is_asked = seat.admit_to, threading.Event()

    def admit_slowly(user, conversation):
        say(customer, closed, "between us")
        is_asked.set()
        time.sleep(0.2)
        return real(user, conversation)

    async def scene():
        ann, ben = await connect(headers[0]), await connect(headers[1])
        await join(ann, closed)
        monkeypatch.setattr(seat, "admit_to", admit_slowly)
        await ben.send({"type": "join_channel", "channel_id": closed.pk})
        assert await asyncio.to_thread(is_asked.wait, PATIENCE)
        await ann.send({"type": "typing", "channel_id": closed.pk})
        return await ben.receive(), await ben.is_silent()

    assert play(scene) == (lost(closed), True)


def test_one_socket_hears_only_so_many_channels(workspace, channel, secret, customer, headers, monkeypatch):
    monkeypatch.setattr(pulseboard, "MOST_CHANNELS", 1)

    async def scene():
        socket = await connect(headers[0])
        return [(await join(socket, one))["type"] for one in (channel, channel)], await join(socket, secret)

    assert play(scene) == (
        ["joined", "joined"],
        error("too_many_channels", "One socket hears at most 200 channels.", channel_id=secret.pk),
    )


@pytest.mark.parametrize("token", [None, "rubbish"])
def test_nobody_is_heard_without_a_token(channel, token):
    async def scene():
        return await (await Socket.open(CHAT + (f"?token={token}" if token else ""))).closed_with()

    assert play(scene) == ([INVALID_TOKEN], 4003)


def test_a_socket_dies_with_its_session(channel, customer, headers):
    async def scene():
        socket = await connect(headers[0])
        await join(socket, channel)
        await in_database_thread(end_all_sessions, customer)
        return await socket.closed_with()

    assert play(scene) == ([INVALID_TOKEN], 4003)


def test_a_socket_dies_with_its_token(channel, customer):
    opened = open_pub_session(customer)
    now = time.time
    time.time = lambda: now() + 3597
    try:

        async def scene():
            socket = await connect({"Authorization": f"Bearer {opened.tokens.access}"})
            await join(socket, channel)
            return await socket.closed_with()

        assert play(scene) == ([INVALID_TOKEN], 4003)
    finally:
        time.time = now
    assert Session.objects.get(pk=opened.session.pk).revoked_at is None


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "frame_not_json"),
        ("[]", "frame_not_object"),
        ({"channel_id": 1}, "frame_type_unknown"),
        ({"type": "subscribe", "channel_id": 1}, "frame_type_unknown"),
        ({"type": "join_channel"}, "frame_invalid"),
        *[
            ({"type": "join_channel", "channel_id": bad}, "frame_invalid")
            for bad in (None, "1", 0, -1, 1.5, True, 2**63, [], 10**400)
        ],
        ({"type": "send_message", "channel_id": 1}, "frame_invalid"),
        *[({"type": "send_message", "channel_id": 1, "body": bad}, "frame_invalid") for bad in (None, 7, "x" * 4001)],
        *[
            ({"type": "send_message", "channel_id": 1, "body": "x", "client_id": bad}, "frame_invalid")
            for bad in ("", 7, "x" * 65)
        ],
        *[({"type": "resume", "channel_id": 1, "since": bad}, "frame_invalid") for bad in (None, "1", -1, 2**63)],
        ({"type": "send_message", "channel_id": 1, "body": "x" * 17000}, "frame_too_large"),
    ],
)
def test_a_bad_frame_is_refused_and_the_socket_stays(channel, headers, frame, code):
    async def scene():
        socket = await connect(headers[0])
        await socket.send_unread(frame)
        refusal = await socket.receive()
        return refusal["type"], refusal["code"], (await join(socket, channel))["type"]

    assert play(scene) == ("error", code, "joined")


@pytest.mark.parametrize("body", ["", "  ", "a\x00b"])
def test_what_cannot_be_said_is_refused_by_name(channel, headers, body):
    async def scene():
        socket = await connect(headers[0])
        await socket.send({"type": "send_message", "channel_id": channel.pk, "body": body, "client_id": "a"})
        return await socket.receive()

    text = "A message is 1 to 4000 characters of text."
    assert play(scene) == error("message_invalid", text, channel_id=channel.pk, client_id="a")


def test_with_the_database_away_a_frame_is_refused_and_the_socket_stays(channel, headers, monkeypatch):
    def away(*args):
        raise OperationalError

    async def scene():
        socket = await connect(headers[0])
        with monkeypatch.context() as patch:
            patch.setattr(seat, "admit_to", away)
            refusal = await join(socket, channel)
        return refusal["code"], refusal["channel_id"], (await join(socket, channel))["type"]

    assert play(scene) == ("unavailable", channel.pk, "joined")


def test_who_is_in_a_channel_leaves_no_trace_of_presence(channel, headers):
    async def scene():
        ann = await connect(headers[0])
        await join(ann, channel)
        ben = await connect(headers[1])
        await join(ben, channel)
        await ben.close()
        return await ann.is_silent()

    assert play(scene)
    assert not SocketLease.objects.exists()


across_processes = pytest.mark.skipif(not settings.REDIS_URL, reason="several processes need Redis")


@pytest.fixture(scope="module")
def lasting_nodes(django_db_setup, django_db_blocker):
    """Neither looks for what it was not rung for."""
    with django_db_blocker.unblock(), serving(RINGING_ONLY) as one, serving(RINGING_ONLY) as other:
        yield one, other


@pytest.fixture
def apart(lasting_nodes, transactional_db, channel, secret, headers):
    """Ann on one node, Ben on the other, in both channels."""
    sockets = []
    for node, header in zip(lasting_nodes, headers, strict=True):
        socket = node.connect(CHAT, additional_headers=header)
        for one in (channel, secret):
            socket.send({"type": "join_channel", "channel_id": one.pk})
            socket.receive_type("joined")
        sockets.append(socket)
    yield sockets
    let_go(*lasting_nodes)


@across_processes
def test_messages_of_both_nodes_are_heard_in_the_one_order(apart, channel, secret):
    for number in range(40):
        apart[number % 2].send(
            {"type": "send_message", "channel_id": (channel, secret)[number % 4 // 2].pk, "body": str(number)}
        )

    heard = [[socket.receive_type("new_message") for _ in range(40)] for socket in apart]

    for one in (channel, secret):
        ann, ben = ([frame for frame in frames if frame["channel_id"] == one.pk] for frames in heard)
        assert ann == ben
        assert [frame["message"]["seq"] for frame in ann] == list(range(1, 21))


@across_processes
def test_who_is_put_out_is_silenced_on_any_node(apart, channel, secret, customer, stranger):
    ann, ben = apart

    put_out_of_channel(channel=secret, user_id=stranger.pk, by=customer)

    assert ben.receive() == lost(secret)
    ann.send({"type": "send_message", "channel_id": secret.pk, "body": "unheard"})
    assert ann.receive_type("new_message")["channel_id"] == secret.pk
    ann.send({"type": "send_message", "channel_id": channel.pk, "body": "heard"})
    assert ben.receive()["message"]["body"] == "heard"


@across_processes
def test_a_resume_goes_on_where_another_node_left_off(apart, lasting_nodes, channel, customer, headers):
    ann, ben = apart
    ann.send({"type": "send_message", "channel_id": channel.pk, "body": "1"})
    assert ben.receive_type("new_message")["message"]["seq"] == 1
    ben.close()
    for number in range(2, 12):
        say(customer, channel, str(number))

    again = lasting_nodes[0].connect(CHAT, additional_headers=headers[1])
    again.send({"type": "resume", "channel_id": channel.pk, "since": 1})

    assert [again.receive()["message"]["seq"] for _ in range(10)] == list(range(2, 12))
    assert again.receive() == {"type": "resumed", "channel_id": channel.pk, "seq": 11, "complete": True}
