"""What each process has one of: its writer, and its part of who is where."""

import asyncio
import itertools
import threading
import uuid
from datetime import timedelta
from types import SimpleNamespace

import psycopg
import pytest
import time_machine
from channels.layers import InMemoryChannelLayer
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.realtime import end_sessions
from chat.models import Message, SocketLease
from chat.realtime import presence, process, writer
from chat.realtime.hub import Facts, Hub
from chat.realtime.presence import Presence
from chat.realtime.writer import Writer
from chat.selectors.entries import entries_since, heads_of
from chat.services import leases
from chat.services.conversations import ensure_group, open_private_chat
from chat.services.posting import NewMessage, post_messages
from core.errors import Unavailable
from core.realtime import publisher
from core.realtime.exchange import Exchange
from core.realtime.publisher import Publisher
from core.threads import in_database_thread
from tests.sockets.client import PATIENCE, Held, is_settled, until
from tests.sockets.test_hub import ROOM, FailingLayer, said

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def group(venue):
    return ensure_group(venue).pk


def storing(*troubles):
    """The service, failing first with each of these."""
    left = list(troubles)

    def store(messages, **how):
        if left and (trouble := left.pop(0)):
            raise trouble
        return post_messages(messages, **how)

    return store


def write(messages, patience=2.0):
    async def scene():
        ours = Writer()
        waiting = [ours.post(message) for message in messages]
        await asyncio.sleep(0)
        await ours.stop(patience=patience)
        return [outcome.result() for outcome in waiting]

    return asyncio.run(scene())


def test_what_waits_is_stored_before_the_process_ends(group, guests):
    outcomes = write([NewMessage(group, guests[0], f"{number}") for number in range(600)])

    assert [outcome.message.seq for outcome in outcomes] == list(range(1, 601))


def test_a_named_message_is_tried_again_when_the_database_is_back_and_another_is_refused(monkeypatch, group, guests):
    monkeypatch.setattr(writer, "RETRY_EVERY", 0.01)
    monkeypatch.setattr(writer, "post_messages", storing(OperationalError(), OperationalError()))

    named, unnamed = write([NewMessage(group, guests[0], "named", "a"), NewMessage(group, guests[0], "unnamed")])

    assert named.message.body == "named"
    assert isinstance(unnamed, Unavailable)
    assert list(Message.objects.values_list("body", flat=True)) == ["named"]


def test_a_failure_nobody_foresaw_leaves_nobody_waiting_and_the_next_batch_is_stored(
    monkeypatch, group, guests, caplog
):
    monkeypatch.setattr(writer, "BATCH", 1)
    monkeypatch.setattr(writer, "post_messages", storing(ZeroDivisionError()))

    async def scene():
        ours = Writer()
        first = await ours.post(NewMessage(group, guests[0], "first"))
        second = await ours.post(NewMessage(group, guests[0], "second"))
        await ours.stop(patience=1)
        return first, second

    first, second = asyncio.run(scene())
    assert isinstance(first, Unavailable)
    assert second.message.seq == 1
    assert "ZeroDivisionError" in caplog.text


def test_with_the_database_away_the_process_does_not_wait_for_ever(monkeypatch, group, guests):
    monkeypatch.setattr(writer, "post_messages", storing(*[OperationalError()] * 1000))

    (outcome,) = write([NewMessage(group, guests[0], "named", "a")], patience=0.1)

    assert isinstance(outcome, Unavailable)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks no rows")
def test_a_conversation_that_is_held_keeps_no_other_waiting_and_loses_nothing(group, guests):
    ann, ben = guests
    chat = open_private_chat(by=ann, username=ben.username).conversation.pk
    ours: list[str] = []

    async def scene():
        writer = Writer()
        waiting = [writer.post(NewMessage(at, ann, text)) for at, text in ((group, "held 1"), (chat, "free 1"))]
        await waiting[1]
        waiting += [writer.post(NewMessage(at, ben, text)) for at, text in ((group, "held 2"), (chat, "free 2"))]
        await waiting[3]
        ours.append("free while held" if not waiting[0].done() and not waiting[2].done() else "waited")
        holding.rollback()
        outcomes = await asyncio.wait_for(asyncio.gather(*waiting), 5)
        outcomes.append(await writer.post(NewMessage(group, ann, "held 3")))
        await writer.stop(patience=1)
        return outcomes

    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None, "context": None}) as holding:
        holding.execute("SELECT 1 FROM chat_conversation WHERE id = %s FOR UPDATE", [group])
        outcomes = asyncio.run(scene())

    assert ours == ["free while held"]
    assert [outcome.message.seq for outcome in outcomes] == [1, 1, 2, 2, 3]


def watching(scene):
    """Run a scene with the presence of two processes, and what they told."""

    async def whole():
        told = []
        layer = InMemoryChannelLayer()
        running = [Presence(Hub(Exchange(layer), Facts(entries_since, heads_of))) for _ in range(2)]
        for each in running:
            each._hub.whisper = lambda room, said: told.append((said.kind, said.user, said.online))
            each.start()
        try:
            return await scene(*running, told), told
        finally:
            for each in running:
                await each.stop()

    return asyncio.run(whole())


async def settled(ours):
    await until(lambda: is_settled(ours))


def test_a_user_with_sockets_in_two_processes_comes_and_goes_once(group, guests):
    ann = guests[0]

    async def scene(here, there, _):
        for ours in (here, there):
            ours.arrive(group, ann.pk, ann.username)
            await settled(ours)
        for ours in (here, there):
            ours.leave(group, ann.pk)
            await settled(ours)

    assert watching(scene)[1] == [("user_joined", "ann", 1), ("user_left", "ann", 0)]
    assert not SocketLease.objects.exists()


def test_whoever_comes_and_goes_at_once_leaves_nothing_behind(group, guests):
    async def scene(here, *_):
        for _ in range(50):
            for user in guests:
                here.arrive(group, user.pk, user.username)
                here.leave(group, user.pk)
        await settled(here)
        return here._devices, here._names, here._leased, here._unsettled

    (devices, names, leased, unsettled), told = watching(scene)
    assert (dict(devices), names, leased, unsettled) == ({}, {}, set(), {})
    assert told == []


def test_a_crowd_takes_few_statements(group, make_user, django_assert_num_queries):
    crowd = {(group, make_user(f"user{number}").pk) for number in range(100)}
    node = uuid.uuid4()
    with django_assert_num_queries(5, exact=False):
        came = leases.settle_leases(node, taken=crowd, dropped=())
    with django_assert_num_queries(5, exact=False):
        left = leases.settle_leases(node, taken=(), dropped=crowd)

    assert {(move.key, move.is_here, move.online) for move in came} == {(key, True, 100) for key in crowd}
    assert {(move.key, move.is_here, move.online) for move in left} == {(key, False, 0) for key in crowd}


def test_a_room_that_is_gone_takes_nobody_elses_lease(group, guests):
    keys = [(group, guests[0].pk), (group + 1000, guests[0].pk)]

    moves = leases.settle_leases(uuid.uuid4(), taken=keys, dropped=())

    assert [move.key for move in moves] == keys[:1]


def test_with_the_database_away_presence_is_settled_later(monkeypatch, group, guests):
    monkeypatch.setattr(presence, "TRY_AGAIN_AFTER", 0.05)
    real, troubles = leases.settle_leases, [OperationalError()]

    def settle(*args, **kwargs):
        if troubles:
            raise troubles.pop()
        return real(*args, **kwargs)

    monkeypatch.setattr(leases, "settle_leases", settle)

    async def scene(here, *_):
        here.arrive(group, guests[0].pk, "ann")
        await settled(here)

    assert watching(scene)[1] == [("user_joined", "ann", 1)]


def test_who_was_in_through_a_process_that_died_is_gone_when_its_lease_runs_out(monkeypatch, group, guests):
    monkeypatch.setattr(presence, "MISS_EVERY", 0.05)
    with time_machine.travel(timezone.now() - leases.LEASED_FOR - timedelta(seconds=1)):
        leases.settle_leases(uuid.uuid4(), taken=[(group, user.pk) for user in guests], dropped=())

    async def scene(here, _, told):
        here.arrive(group, guests[1].pk, guests[1].username)
        await settled(here)
        here._hub.rooms[group] = None
        await until(lambda: ("user_left", "ann", 1) in told)

    told = watching(scene)[1]
    assert ("user_left", "stranger", 0) not in told
    assert not SocketLease.objects.exists()


def test_a_lease_that_ran_out_is_taken_again(monkeypatch, group, guests):
    monkeypatch.setattr(presence, "RENEW_EVERY", 0.05)

    async def scene(here, _, told):
        here.arrive(group, guests[0].pk, "ann")
        await settled(here)
        await in_database_thread(SocketLease.objects.all().delete)
        await until(lambda: len(told) >= 2)
        return await in_database_thread(leases.count_online, group)

    there, told = watching(scene)
    assert there == 1
    assert told[:2] == [("user_joined", "ann", 1)] * 2


@pytest.fixture
def renewal(monkeypatch):
    """The first one is `asked` for, waits until it `may_read` which leases are held, and again until it `may_tell`."""
    monkeypatch.setattr(presence, "RENEW_EVERY", 0.05)
    real, count = leases.renew_leases, itertools.count(1)
    first = SimpleNamespace(**{name: threading.Event() for name in ("asked", "may_read", "read", "may_tell", "over")})

    def renew(node):
        first.asked.set()
        assert first.may_read.wait(PATIENCE)
        held = real(node)
        first.read.set()
        assert first.may_tell.wait(PATIENCE)
        if next(count) > 1:
            first.over.set()
        return held

    monkeypatch.setattr(leases, "renew_leases", renew)
    return first


async def settled_if_it_can(ours):
    """Or not, where it has to wait for a renewal."""
    await asyncio.wait([asyncio.ensure_future(settled(ours))], timeout=0.3)


def test_who_comes_while_leases_are_renewed_is_told_of_once(renewal, group, guests):
    ann, ben = guests

    async def scene(here, *_):
        here.arrive(group, ann.pk, ann.username)
        renewal.may_read.set()
        await until(renewal.read.is_set)
        here.arrive(group, ben.pk, ben.username)
        await settled_if_it_can(here)
        renewal.may_tell.set()
        await until(renewal.over.is_set)
        await settled(here)

    assert watching(scene)[1] == [("user_joined", "ann", 1), ("user_joined", "stranger", 2)]


async def gone_and_back_during(renewal, here, group, guests):
    """Gone when it reads which leases are held, back before it tells."""
    for guest in guests:
        here.arrive(group, guest.pk, guest.username)
    await until(renewal.asked.is_set)
    here.leave(group, guests[1].pk)
    await settled_if_it_can(here)
    renewal.may_read.set()
    await until(renewal.read.is_set)
    here.arrive(group, guests[1].pk, guests[1].username)
    await settled_if_it_can(here)


def test_who_goes_and_comes_while_leases_are_renewed_is_told_of_no_more_often_than_that(renewal, group, guests):
    async def scene(here, *_):
        await gone_and_back_during(renewal, here, group, guests)
        renewal.may_tell.set()
        await until(renewal.over.is_set)
        await settled(here)

    told = [kind for kind, user, _ in watching(scene)[1] if user == "stranger"]
    assert told in (["user_joined"], ["user_joined", "user_left", "user_joined"])


def test_who_goes_as_a_renewal_ends_leaves_no_lease_behind(renewal, group, guests):
    async def scene(here, *_):
        await gone_and_back_during(renewal, here, group, guests)
        settle_soon, gone = here._settle_soon, []

        def leave_first(key):
            settle_soon(key)
            if not gone:
                gone.append(key)
                here.leave(group, guests[1].pk)

        here._settle_soon = leave_first
        renewal.may_tell.set()
        await until(renewal.over.is_set)
        here._settle_soon = settle_soon
        if not gone:
            here.leave(group, guests[1].pk)
        await settled(here)
        return await in_database_thread(leases.count_online, group)

    assert watching(scene)[0] == 1


def test_who_came_as_the_process_stopped_leaves_no_lease_behind(monkeypatch, group, guests):
    taking = Held(leases.settle_leases)
    monkeypatch.setattr(leases, "settle_leases", taking)

    async def scene(here, *_):
        here.arrive(group, guests[0].pk, "ann")
        await until(taking.has_begun.is_set)
        await taking.goes_on_during(here.stop())
        return await in_database_thread(SocketLease.objects.exists)

    assert not watching(scene)[0]


def test_everybody_whose_process_died_is_found_at_one_look(monkeypatch, group, guests):
    monkeypatch.setattr(leases, "AT_ONCE", 1)
    with time_machine.travel(timezone.now() - leases.LEASED_FOR - timedelta(seconds=1)):
        leases.settle_leases(uuid.uuid4(), taken=[(group, user.pk) for user in guests], dropped=())

    assert len(leases.drop_expired_leases()) == len(guests) == 2


def test_a_process_without_sockets_rings_over_one_connection(monkeypatch, settings):
    """Here the layer is in memory, so what is rung is seen by asking it on the publisher's own loop."""
    layer = FailingLayer()
    monkeypatch.setattr(publisher, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(publisher, "_publishers", [])
    settings.REDIS_URL = "redis://stands.for.another.process"

    process.publish((said(1), said(2)))
    end_sessions([uuid.uuid4()])
    (ours,) = publisher._publishers
    ours.stop()

    assert [group for _, group in layer.calls] == [f"conversation.{ROOM}", "people"]


def test_without_redis_a_process_without_sockets_rings_nobody(monkeypatch, settings):
    monkeypatch.setattr(publisher, "_publishers", [])
    settings.REDIS_URL = ""

    process.publish((said(1),))

    assert publisher._publishers == []


def test_a_publisher_that_cannot_ring_does_not_keep_its_process_alive(monkeypatch):
    monkeypatch.setattr(publisher, "LAST_PATIENCE", 0.1)
    layer = FailingLayer()
    layer.away = True
    monkeypatch.setattr(publisher, "get_channel_layer", lambda: layer)
    ours = Publisher()
    ours.start()

    ours.ring("people", {"sessions": []}, lasting=True)
    ours.stop()

    assert not ours._thread.is_alive()
