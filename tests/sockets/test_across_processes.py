"""Two server processes on one database and one Redis: what one does, the sockets of the other are told by doorbell.

Neither looks for what it was not rung for.
"""

import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.services.blocks import block_user
from accounts.services.sessions import end_all_sessions
from chat.models import SocketLease
from chat.services.conversations import ensure_group
from chat.services.posting import NewMessage, post_message, post_messages
from tests.sockets.conftest import bearer
from tests.sockets.server import RINGING_ONLY, let_go, serving, until
from venues.services.presence import check_out

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(not settings.REDIS_URL, reason="several processes need Redis"),
]

GROUP = "/ws/group/anchor/"


@pytest.fixture(scope="module")
def lasting_nodes(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), serving(RINGING_ONLY) as one, serving(RINGING_ONLY) as other:
        yield one, other


@pytest.fixture
def nodes(lasting_nodes, transactional_db):
    yield lasting_nodes
    let_go(*lasting_nodes)


@pytest.fixture
def apart(nodes, guests):
    """Ann on one node, Ben on the other, both let in. Ben came first, and has been told of Ann."""
    ben, ann = (let_in(node, user) for node, user in zip(nodes[::-1], guests[::-1], strict=True))
    ben.receive_type("user_joined")
    return ann, ben


def let_in(node, user):
    socket = node.connect(GROUP, additional_headers=bearer(user))
    socket.send({"type": "resume", "since": 0})
    socket.receive_type("resumed")
    return socket


def test_messages_reach_the_other_node_in_the_one_order(apart):
    ann, ben = apart
    for number in range(40):
        (ann, ben)[number % 2].send({"message": f"{number}", "client_id": f"{number}"})

    heard = [[socket.receive_type("message") for _ in range(40)] for socket in apart]

    assert heard[0] == heard[1]
    assert [frame["seq"] for frame in heard[0]] == list(range(1, 41))


def test_a_message_rings_at_the_other_node_large_or_small(apart):
    ann, ben = apart
    for message in ("small", "large" * 800, "larger" * 600):
        ann.send({"message": message})

        assert ben.receive_type("message")["message"] == message


def test_whispers_reach_the_other_node(apart):
    ann, ben = apart

    ann.send({"type": "typing"})
    ann.send({"message": "Read this"})
    ben.send({"type": "read", "seq": ben.receive_type("message")["seq"]})

    assert ann.receive_type("read") == {"type": "read", "user": "stranger", "seq": 1}


def test_several_devices_on_several_nodes_are_one_user(nodes, guests, apart):
    ann, ben = apart
    let_in(nodes[1], guests[0]).close()
    time.sleep(0.3)

    ann.close()

    frame = ben.receive()
    assert frame == {"type": "user_left", "user": "ann", "online": 1}


def test_a_process_without_sockets_rings_too(apart, guests, venue):
    post_message(NewMessage(ensure_group(venue).pk, guests[0], "from a job"))

    assert [socket.receive_type("message")["message"] for socket in apart] == ["from a job"] * 2


def test_a_session_that_ends_anywhere_closes_its_socket_on_any_node(apart, guests):
    end_all_sessions(guests[1])

    assert apart[1].closed_with()[1] == 4003


def test_who_checks_out_is_shown_out_of_any_node(apart, guests):
    check_out(user=guests[1])

    assert apart[1].closed_with()[1] == 4004


def test_a_block_is_kept_on_any_node(apart, guests):
    ann, ben = apart
    ann.send({"message": "before"})
    assert [socket.receive_type("message")["message"] for socket in apart] == ["before"] * 2
    block_user(blocked=guests[0], by=guests[1])
    until(lambda: shown_again(ben) == ([], 1))

    ann.send({"message": "after"})
    ann.receive_type("message")

    assert shown_again(ben) == ([], 2)


def shown_again(socket):
    """The messages it has been sent since, and is sent when it asks for all of them; and up to where that is."""
    socket.send({"type": "resume", "since": 0})
    *frames, end = socket.receive_until("resumed")
    assert end["complete"]
    return [frame["message"] for frame in frames if frame["type"] == "message"], end["seq"]


def test_a_resume_goes_on_where_another_node_left_off(nodes, apart, guests, venue):
    ann, ben = apart
    ann.send({"message": "1"})
    assert ben.receive_type("message")["seq"] == 1
    ben.close()
    post_messages([NewMessage(ensure_group(venue).pk, guests[0], f"{number}") for number in range(2, 12)])

    again = nodes[0].connect(GROUP, additional_headers=bearer(guests[1]))
    again.send({"type": "resume", "since": 1})

    assert [again.receive_type("message")["seq"] for _ in range(10)] == list(range(2, 12))
    assert again.receive_type("resumed")["seq"] == 11


def test_who_was_on_a_node_that_was_killed_is_gone_when_its_lease_runs_out(apart, nodes, guests):
    ann, ben = apart
    leases = SocketLease.objects.filter(user=guests[0])
    with serving() as doomed:
        let_in(doomed, guests[0])
        until(lambda: leases.count() == 2)
        ann.close()
        until(lambda: leases.count() == 1)
        doomed.kill()
    leases.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert ben.receive_type("user_left") == {"type": "user_left", "user": "ann", "online": 1}
