"""Who may stay in a room, and what of it they hear, when something changes while their socket is open."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services.blocks import block_user, unblock_user
from chat.consumers import seat
from chat.models import Conversation, SocketLease
from chat.services.conversations import close_group, ensure_group, open_group, open_private_chat
from chat.services.posting import NewMessage, post_message
from core.threads import in_database_thread
from tests.sockets.client import Socket, play, until, until_deaf
from tests.sockets.conftest import bearer
from venues.models import Presence, Venue
from venues.services.presence import check_in_by_claim, check_out
from venues.services.venues import close_venue

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

GROUP = "/ws/group/anchor/"
A_MOMENT = timedelta(seconds=0.3)
SHOWN_OUT = ([{"error": "Not found.", "code": "not_found"}], 4004)


async def let_in(path, headers):
    """A socket that was let in: it says so itself."""
    socket = await Socket.open(path, headers=headers)
    await socket.send({"type": "resume", "since": 0})
    await socket.receive_type("resumed")
    return socket


def test_who_checks_out_is_shown_out_and_others_stay(guests):
    ann, ben = (bearer(user) for user in guests)

    async def scene():
        leaving, staying = await let_in(GROUP, ann), await let_in(GROUP, ben)
        await leaving.receive_type("user_joined")
        await in_database_thread(check_out, user=guests[0])
        shown_out = await leaving.closed_with()
        await staying.send({"message": "Bye, Ann"})
        return shown_out, (await staying.receive_type("message"))["message"]

    assert play(scene) == (SHOWN_OUT, "Bye, Ann")


def test_who_goes_elsewhere_is_shown_out(guests, owner):
    elsewhere = Venue.objects.create(name="The Bell", owner=owner)
    ann = bearer(guests[0])

    async def scene():
        socket = await let_in(GROUP, ann)
        await in_database_thread(check_in_by_claim, user=guests[0], venue_id=elsewhere.pk)
        return await socket.closed_with()

    assert play(scene) == SHOWN_OUT


@pytest.fixture
def for_a_moment(monkeypatch):
    """Whoever is let in may stay no longer than that; what is appended here is done just then."""
    real, then = seat.admit_to, []

    def admit(user, conversation):
        Presence.objects.filter(user=user).update(until=timezone.now() + A_MOMENT)
        admission = real(user, conversation)
        for act in then:
            act()
        return admission

    monkeypatch.setattr(seat, "admit_to", admit)
    return then


def test_who_checks_in_again_may_stay_longer(venue, guests, for_a_moment):
    for_a_moment.append(lambda: check_in_by_claim(user=guests[0], venue_id=venue.pk))
    ann = bearer(guests[0])

    async def scene():
        socket = await let_in(GROUP, ann)
        await asyncio.sleep(2 * A_MOMENT.total_seconds())
        await socket.send({"message": "Still here"})
        return (await socket.receive_type("message"))["message"]

    assert play(scene) == "Still here"


def test_who_stays_past_their_time_is_shown_out(guests, for_a_moment):
    ann = bearer(guests[0])

    async def scene():
        return await (await Socket.open(GROUP, headers=ann)).closed_with()

    assert play(scene) == SHOWN_OUT


def test_a_venue_that_is_deleted_shows_its_customers_out_and_its_owner_stays(venue, owner, guests):
    ann, olga = bearer(guests[0]), bearer(owner)

    async def scene():
        guest, host = await let_in(GROUP, ann), await let_in(GROUP, olga)
        await guest.receive_type("user_joined")
        await in_database_thread(close_venue, venue=venue, by=owner)
        shown_out = await guest.closed_with()
        left = await host.receive_type("user_left")
        return shown_out, left["user"]

    assert play(scene) == (SHOWN_OUT, "ann")


def test_a_venue_that_is_deleted_just_as_a_customer_is_let_in_shows_them_out(venue, owner, guests, monkeypatch):
    ann, real = bearer(guests[0]), seat.admit_to

    def admit_and_close(user, conversation):
        admission = real(user, conversation)
        close_venue(venue=venue, by=owner)
        return admission

    monkeypatch.setattr(seat, "admit_to", admit_and_close)

    async def scene():
        return await (await Socket.open(GROUP, headers=ann)).closed_with()

    assert play(scene) == SHOWN_OUT


def test_a_conversation_that_is_gone_shows_everybody_out(venue, guests):
    group = ensure_group(venue)
    ann = bearer(guests[0])

    async def scene():
        socket = await let_in(GROUP, ann)
        # Or its lease may come between the rows that are deleted.
        await until(lambda: in_database_thread(SocketLease.objects.exists))
        await in_database_thread(Conversation.objects.filter(pk=group.pk).delete)
        return await socket.closed_with()

    assert play(scene) == SHOWN_OUT


def test_a_group_that_is_closed_is_heard_and_cannot_be_written_in_until_it_opens(venue, owner, guests):
    ann = bearer(guests[0])

    async def scene():
        socket = await let_in(GROUP, ann)
        await in_database_thread(close_group, by=owner, venue_id=venue.pk)
        await socket.send({"message": "Hello?"})
        refused = await socket.receive()
        await in_database_thread(open_group, by=owner, venue_id=venue.pk)
        await socket.send({"message": "Hello!"})
        return refused["code"], (await socket.receive_type("message"))["message"]

    assert play(scene) == ("group_closed", "Hello!")


def test_a_block_made_meanwhile_hides_a_group_message_from_the_blocker_only(venue, guests, make_user):
    third = make_user("carl")
    check_in_by_claim(user=third, venue_id=venue.pk)
    group = ensure_group(venue).pk
    ann, carl = bearer(guests[0]), bearer(third)

    async def scene():
        blocker, other = await let_in(GROUP, ann), await let_in(GROUP, carl)
        await blocker.receive_type("user_joined")
        await in_database_thread(block_user, blocked=guests[1], by=guests[0])
        await until_deaf(to=guests[1], by=guests[0])
        await in_database_thread(post_message, NewMessage(group, guests[1], "hidden"))
        heard = (await other.receive_type("message"))["message"]
        await blocker.send({"type": "resume", "since": 0})
        resumed = await blocker.receive()
        await in_database_thread(unblock_user, blocked=guests[1], by=guests[0])
        await until_deaf(to=guests[1], by=guests[0], is_deaf=False)
        await in_database_thread(post_message, NewMessage(group, guests[1], "heard"))
        return heard, resumed, (await blocker.receive_type("message"))["message"]

    assert play(scene) == ("hidden", {"type": "resumed", "seq": 1, "complete": True}, "heard")


def test_after_a_block_nothing_is_written_or_whispered_in_a_private_chat_and_what_was_said_stays(guests):
    chat = open_private_chat(by=guests[0], username="stranger").conversation.pk
    post_message(NewMessage(chat, guests[1], "before"))
    ann, ben = bearer(guests[0]), bearer(guests[1])

    async def scene():
        blocker, blocked = await let_in(f"/ws/private/{chat}/", ann), await let_in(f"/ws/private/{chat}/", ben)
        await blocker.receive_type("user_joined")
        await in_database_thread(block_user, blocked=guests[1], by=guests[0])
        await until_deaf(to=guests[1], by=guests[0])
        await blocked.send({"type": "typing"})
        await blocked.send({"message": "after"})
        refused = await blocked.receive_refusal()
        silent = await blocker.is_silent()
        await blocker.send({"type": "resume", "since": 0})
        return refused["code"], silent, (await blocker.receive_type("message"))["message"]

    assert play(scene) == ("blocked", True, "before")
