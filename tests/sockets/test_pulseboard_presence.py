"""`/ws/presence/`: who is there, told to those who share a workspace with them."""

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts.models import Block, UserType
from accounts.services.blocks import block_user, unblock_user
from accounts.services.sessions import end_all_sessions
from core.realtime.exchange import Exchange
from core.realtime.outbox import Outbox
from core.threads import in_database_thread
from tests.sockets.client import PATIENCE, Held, Socket, play, until
from tests.sockets.conftest import bearer
from tests.sockets.server import serving
from workspaces.consumers.pulseboard import spell_presence
from workspaces.models import LastSeen, Member, PresenceLease, Role, Workspace
from workspaces.realtime import presence as module
from workspaces.realtime.circles import Watcher
from workspaces.realtime.figures import figures
from workspaces.realtime.presence import Pace, Presence, presence, stop_presence
from workspaces.services import leases
from workspaces.services.members import remove_member
from workspaces.services.workspaces import delete_workspace

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

PRESENCE = "/ws/presence/"
QUICK = Pace(silence=30, grace=0.3, gather=0.01, renew=0.2, look=0.1, read=5)
NOBODY = 0


@pytest.fixture
def people(make_user):
    return [make_user(name, UserType.MEMBER) for name in ("ann", "ben", "cay")]


@pytest.fixture
def team(people):
    return shared_by(*people)


def shared_by(owner, *others):
    workspace = Workspace.objects.create(name="Team", created_by=owner)
    Member.objects.create(workspace=workspace, user=owner, role=Role.OWNER)
    Member.objects.bulk_create(Member(workspace=workspace, user=user) for user in others)
    return workspace


def update(user, status):
    return {"type": "presence_update", "user_email": user.email, "status": status}


async def there(user):
    socket = await Socket.open(PRESENCE, headers=await in_database_thread(bearer, user))
    await rounds_are_made()
    return socket


async def rounds_are_made():
    """Until all that has happened by now was told: the round that may be under way is followed by one that knows it."""
    ours = await presence()
    for _ in range(2):
        before = figures.rounds
        ours.reconsider(NOBODY)
        await until(lambda before=before: figures.rounds > before)
    await asyncio.sleep(0)


async def heard(socket):
    """Every frame it was sent by now."""
    await rounds_are_made()
    return socket.received()


async def told_when_over(socket, seconds):
    """The next frame and when it came: in the round that is made when so many seconds are over, if not before."""
    coming = asyncio.ensure_future(next_of(socket))
    await asyncio.sleep(seconds)
    await rounds_are_made()
    assert coming.done()
    return coming.result()


async def next_of(socket):
    return await socket.receive(), time.monotonic()


def scene_with(pace=QUICK):
    """Plays a scene at that pace."""

    def decorate(scene):
        async def whole():
            await presence(pace)
            return await scene()

        return play(whole)

    return decorate


def test_who_comes_is_shown_who_is_there_and_is_shown_to_them(team, people):
    ann, ben, cay = people

    @scene_with()
    async def frames():
        first = await there(ann)
        alone = await heard(first)
        second = await there(ben)
        third = await there(cay)
        return alone, await heard(first), await heard(second), await heard(third)

    alone, first, second, third = frames
    assert alone == []
    assert first == [update(ben, "online"), update(cay, "online")]
    assert second == [update(ann, "online"), update(cay, "online")]
    assert sorted(third, key=str) == [update(ann, "online"), update(ben, "online")]


def test_several_tabs_are_one_user_and_online_beats_idle(team, people):
    ann, ben, _ = people

    @scene_with()
    async def frames():
        watching = await there(ann)
        tabs = [await there(ben), await there(ben)]
        told = [await heard(watching)]
        for tab in tabs:
            await tab.send({"type": "heartbeat", "status": "idle"})
            told.append(await heard(watching))
        await tabs[0].send({"type": "heartbeat", "status": "online"})
        told.append(await heard(watching))
        await tabs[0].close()
        await asyncio.sleep(QUICK.grace)
        told.append(await heard(watching))
        await tabs[1].close()
        await asyncio.sleep(QUICK.grace)
        told.append(await heard(watching))
        return told

    came, one_idle, both_idle, back, one_closed, both_closed = frames
    assert came == [update(ben, "online")]
    assert one_idle == []
    assert both_idle == [update(ben, "idle")]
    assert back == [update(ben, "online")]
    assert one_closed == [update(ben, "idle")]
    assert both_closed == [update(ben, "offline")]


def test_who_is_idle_is_shown_as_that_to_who_comes(team, people):
    ann, ben, _ = people

    @scene_with()
    async def frames():
        idle = await there(ben)
        await idle.send({"type": "heartbeat", "status": "idle"})
        await rounds_are_made()
        return await heard(await there(ann))

    assert frames == [update(ben, "idle")]


def test_who_comes_back_within_the_grace_was_never_gone(team, people):
    ann, ben, _ = people

    @scene_with(replace(QUICK, grace=0.5))
    async def frames():
        ours, watching = await presence(), await there(ann)
        first, back = (Watcher(ben.pk, Outbox(unheard, None), spell_presence) for _ in range(2))
        ours.arrive(first)
        await rounds_are_made()
        ours.leave(first)
        ours.arrive(back)
        await asyncio.sleep(0.6)
        before = await heard(watching)
        left_at = time.monotonic()
        ours.leave(back)
        told, at = await told_when_over(watching, 0.5)
        return before, told, at - left_at

    before, told, gone_after = frames
    assert (before, told) == ([update(ben, "online")], update(ben, "offline"))
    assert gone_after >= 0.5


def test_who_comes_and_goes_while_everybody_is_looked_at_leaves_no_lease_behind(monkeypatch, team, people):
    ann, ben, _ = people
    real, read, may_tell = module._drop_expired_and_look, threading.Event(), threading.Event()

    def look():
        found = real()
        read.set()
        assert may_tell.wait(PATIENCE)
        return found

    monkeypatch.setattr(module, "_drop_expired_and_look", look)

    @scene_with()
    async def is_left():
        ours, gone = await presence(), []
        anns, bens = (Watcher(user.pk, Outbox(unheard, None), spell_presence) for user in (ann, ben))
        ours.arrive(anns)
        await until(read.is_set)
        ours.arrive(bens)
        # Long enough for a round, unless it has to wait.
        await asyncio.sleep(0.3)
        settle_soon = ours._settle_soon

        def go_first(*user_ids):
            settle_soon(*user_ids)
            if ben.pk in user_ids and not gone:
                gone.append(bens)
                ours._forget(bens)

        ours._settle_soon = go_first
        may_tell.set()
        await rounds_are_made()
        ours._settle_soon = settle_soon
        if not gone:
            ours._forget(bens)
        await rounds_are_made()
        return await in_database_thread(PresenceLease.objects.filter(user=ben).exists)

    assert not is_left


def test_who_is_silent_is_offline_until_the_next_heartbeat(team, people):
    ann, ben, _ = people

    @scene_with(replace(QUICK, silence=0.4))
    async def frames():
        watching = await there(ann)
        silent = await Socket.open(PRESENCE, headers=await in_database_thread(bearer, ben))
        async with beating(watching):
            async with beating(silent):
                came = await watching.receive()
            fell_silent = await watching.receive()
            async with beating(silent):
                return came, fell_silent, await watching.receive(), await heard(watching)

    assert frames == (update(ben, "online"), update(ben, "offline"), update(ben, "online"), [])


@asynccontextmanager
async def beating(socket):
    """Its user is not silent meanwhile."""
    beats = asyncio.ensure_future(keep_beating(socket))
    try:
        yield
    finally:
        beats.cancel()


async def keep_beating(socket):
    while True:
        await socket.send({"type": "heartbeat", "status": "online"})
        await asyncio.sleep(0.1)


def test_who_falls_silent_is_offline_for_others_at_the_moment_they_have_been_silent_for_long(team, people):
    ann, ben, _ = people

    @scene_with(replace(QUICK, silence=0.6))
    async def silent_for():
        watching = await there(ann)
        silent = await Socket.open(PRESENCE, headers=await in_database_thread(bearer, ben))
        async with beating(watching):
            async with beating(silent):
                await watching.receive()
            spoke_at = time.monotonic()
            await silent.send({"type": "heartbeat"})
            await asyncio.sleep(0)
            told, at = await told_when_over(watching, 0.6)
        return told, at - spoke_at

    told, after = silent_for
    assert told == update(ben, "offline")
    assert after >= 0.6


def test_the_documents_times_are_the_default():
    assert (Pace().silence, Pace().grace, Pace().gather) == (75, 5, 0.25)


def test_who_was_here_through_a_process_that_died_is_gone_for_everybody_well_within_75_seconds():
    """Its lease has run out, it is looked for, and told: with time to spare, and for a renewal or two to fail."""
    ours = Pace()

    assert leases.LEASED_FOR.total_seconds() + ours.look + 2 * ours.gather < 60
    assert leases.LEASED_FOR.total_seconds() > 3 * ours.renew


def test_people_are_told_once_however_many_workspaces_they_share_and_strangers_not_at_all(team, people, make_user):
    ann, ben, cay = people
    shared_by(ann, ben)
    stranger = make_user("sam", UserType.MEMBER)
    shared_by(stranger)

    @scene_with()
    async def frames():
        sockets = [await there(user) for user in (ann, cay, stranger)]
        await heard(sockets[0])
        coming = await there(ben)
        return [await heard(socket) for socket in sockets], sorted(await heard(coming), key=str)

    (to_ann, to_cay, to_stranger), to_ben = frames
    assert to_ann == [update(ben, "online")]
    assert to_cay == [update(ann, "online"), update(ben, "online")]
    assert to_stranger == []
    assert to_ben == [update(ann, "online"), update(cay, "online")]


def test_a_burst_is_told_once_as_it_ends(team, people):
    ann, ben, _ = people

    @scene_with(replace(QUICK, gather=0.2))
    async def frames():
        watching = await there(ann)
        socket = await Socket.open(PRESENCE, headers=await in_database_thread(bearer, ben))
        for status in ("idle", "online", "idle", "online", "idle"):
            await socket.send({"type": "heartbeat", "status": status})
        return await heard(watching)

    assert frames[-1] == update(ben, "idle")
    assert len(frames) <= 2


def test_those_one_has_blocked_are_not_shown(team, people):
    ann, ben, cay = people
    Block.objects.create(blocker=ann, blocked=cay)

    @scene_with()
    async def frames():
        sockets = [await there(user) for user in people]
        told = [await heard(socket) for socket in sockets]
        await in_database_thread(block_user, blocked=ben, by=ann)
        told.append(await heard(sockets[0]))
        await in_database_thread(unblock_user, blocked=ben, by=ann)
        told.append(await heard(sockets[0]))
        return told

    to_ann, to_ben, to_cay, blocked, unblocked = frames
    assert to_ann == [update(ben, "online")]
    assert to_ben == [update(ann, "online"), update(cay, "online")]
    assert sorted(to_cay, key=str) == [update(ann, "online"), update(ben, "online")]
    assert blocked == [update(ben, "offline")]
    assert unblocked == [update(ben, "online")]


def test_who_is_put_out_of_the_workspace_is_gone_for_its_people_and_they_for_them(team, people):
    ann, ben, cay = people

    @scene_with()
    async def frames():
        sockets = [await there(user) for user in people]
        for socket in sockets:
            await heard(socket)
        await in_database_thread(remove_member, workspace=team, user_id=ben.pk, by=ann)
        return [await heard(socket) for socket in sockets]

    to_ann, to_ben, to_cay = frames
    assert to_ann == to_cay == [update(ben, "offline")]
    assert sorted(to_ben, key=str) == [update(ann, "offline"), update(cay, "offline")]


def test_a_workspace_that_is_deleted_parts_its_people_but_where_they_share_another(team, people):
    ann, ben, cay = people
    shared_by(ben, cay)

    @scene_with()
    async def frames():
        sockets = [await there(user) for user in people]
        for socket in sockets:
            await heard(socket)
        await in_database_thread(delete_workspace, workspace=team, by=ann)
        return [await heard(socket) for socket in sockets]

    to_ann, to_ben, to_cay = frames
    assert sorted(to_ann, key=str) == [update(ben, "offline"), update(cay, "offline")]
    assert to_ben == to_cay == [update(ann, "offline")]


def test_a_session_that_ends_ends_the_socket_and_its_user_is_gone(team, people):
    ann, ben, _ = people

    @scene_with()
    async def frames():
        watching, socket = await there(ann), await there(ben)
        await heard(watching)
        await heard(socket)
        await in_database_thread(end_all_sessions, ben)
        closed = await socket.closed_with()
        await asyncio.sleep(QUICK.grace)
        return closed, await heard(watching)

    (last, code), told = frames
    assert (last[-1]["code"], code) == ("token_invalid", 4003)
    assert told == [update(ben, "offline")]


def test_nobody_is_let_in_without_a_token():
    async def scene():
        return await (await Socket.open(PRESENCE)).closed_with()

    frames, code = play(scene)
    assert [frame["type"] for frame in frames] == ["error"]
    assert code == 4003


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "frame_not_json"),
        ("[]", "frame_not_object"),
        ({}, "frame_type_unknown"),
        ({"type": "heartbreak"}, "frame_type_unknown"),
        ({"type": "heartbeat", "status": "offline"}, "frame_invalid"),
        ({"type": "heartbeat", "status": 1}, "frame_invalid"),
        ({"type": "heartbeat", "status": "on\0line"}, "frame_invalid"),
        ({"type": "heartbeat", "status": "x" * 17_000}, "frame_too_large"),
    ],
)
def test_bad_frames_are_told_of_and_the_socket_stays(team, people, frame, code):
    @scene_with()
    async def frames():
        socket = await there(people[0])
        await socket.send_unread(frame)
        refused = await socket.receive()
        await socket.send({"type": "heartbeat", "status": "online"})
        return refused, await heard(socket)

    refused, after = frames
    assert (refused["type"], refused["code"]) == ("error", code)
    assert after == []


def test_those_of_a_process_that_died_are_gone_when_their_leases_run_out(team, people):
    ann, ben, _ = people
    leases.settle_leases("00000000-0000-4000-8000-000000000001", taken={ben.pk: "online"}, dropped=())
    theirs, a_second_ago = PresenceLease.objects.filter(user=ben), timezone.now() - timedelta(seconds=1)

    @scene_with()
    async def frames():
        watching = await there(ann)
        shown = await heard(watching)
        await in_database_thread(theirs.update, expires_at=a_second_ago)
        told = await watching.receive()
        # Who is not there any more may be told of by a look that came too early to drop the lease: the next one does.
        await until(lambda: in_database_thread(LastSeen.objects.filter(user=ben).exists))
        return shown, told, await heard(watching)

    assert frames == ([update(ben, "online")], update(ben, "offline"), [])
    assert not PresenceLease.objects.filter(user=ben).exists()


def test_a_lease_of_our_own_that_ran_out_is_taken_again(team, people):
    ann, ben, _ = people

    @scene_with()
    async def frames():
        watching, _ = await there(ann), await there(ben)
        await heard(watching)
        await in_database_thread(PresenceLease.objects.all().delete)
        await until(lambda: in_database_thread(lambda: PresenceLease.objects.count() == 2))
        return await heard(watching)

    assert frames[-1:] in ([], [update(ben, "online")])
    assert set(PresenceLease.objects.values_list("user", flat=True)) == {ann.pk, ben.pk}


def test_a_process_that_stops_leaves_its_people_the_grace(team, people):
    @scene_with()
    async def lasting():
        for user in people:
            await there(user)

    left = [lease.expires_at - timezone.now() for lease in PresenceLease.objects.all()]
    assert len(left) == 3
    assert max(left) < timedelta(seconds=QUICK.grace)


def test_no_renewal_that_had_begun_outlives_its_process(monkeypatch, team, people):
    renewal = Held(leases.renew_leases)
    monkeypatch.setattr(leases, "renew_leases", renewal)

    @scene_with()
    async def stopping():
        await there(people[0])
        await until(renewal.has_begun.is_set)
        await renewal.goes_on_during(stop_presence())

    assert PresenceLease.objects.get().expires_at - timezone.now() < timedelta(seconds=QUICK.grace)


def test_with_the_database_away_a_process_can_stop(monkeypatch, team, people):
    def away(*args):
        raise OperationalError

    monkeypatch.setattr(leases, "shorten_leases", away)

    @scene_with()
    async def is_left():
        await there(people[0])
        await stop_presence()
        return await in_database_thread(PresenceLease.objects.exists)

    assert is_left


def test_those_who_do_not_come_back_to_another_process_are_gone_when_the_grace_is_over(team, people):
    ann, ben, _ = people

    @scene_with(replace(QUICK, look=30))
    async def frames():
        watching = await there(ann)
        another_exchange = Exchange(get_channel_layer())
        another_exchange.start()
        stopping = Presence(another_exchange, QUICK)
        await stopping.start()
        stopping.arrive(Watcher(ben.pk, Outbox(unheard, None), spell_presence))
        came = await watching.receive()
        stopped_at = time.monotonic()
        await stopping.stop()
        await another_exchange.stop()
        # Nobody looks before the test's patience is over: whoever is told was rung.
        told, at = await next_of(watching)
        return came, told, at - stopped_at

    came, told, after = frames
    assert came == update(ben, "online")
    assert told == update(ben, "offline")
    assert after >= QUICK.grace


async def unheard(event):
    """A client that is sent something, and does nothing."""


def test_with_the_database_away_presence_is_kept_later(monkeypatch, team, people):
    ann, ben, _ = people
    monkeypatch.setattr(module, "TRY_AGAIN_AFTER", 0.05)
    real, troubles = leases.settle_leases, [OperationalError(), OperationalError()]

    def settle(*args, **kwargs):
        if troubles:
            raise troubles.pop()
        return real(*args, **kwargs)

    monkeypatch.setattr(leases, "settle_leases", settle)

    @scene_with()
    async def frames():
        watching, _ = await there(ann), await there(ben)
        return await heard(watching)

    assert frames == [update(ben, "online")]


def test_when_the_last_one_has_left_nothing_is_kept_of_anybody(team, people):
    @scene_with()
    async def kept():
        for user in people:
            await (await there(user)).close()
        await asyncio.sleep(QUICK.grace)
        await rounds_are_made()
        ours = await presence()
        return ours._watchers, ours._leased, ours._circles.people, ours._circles._circles, ours._circles._frames

    assert kept == ({}, {}, {}, {}, {})
    assert not PresenceLease.objects.exists()


# Over several processes


@pytest.fixture
def nodes(transactional_db):
    if not settings.REDIS_URL:
        pytest.skip("several processes need Redis")
    with serving() as one, serving() as other:
        yield one, other


def test_people_of_two_processes_see_each_other_come_pause_and_go(nodes, team, people):
    ann, ben, _ = people
    here = nodes[0].connect(PRESENCE, additional_headers=bearer(ann))
    there = [node.connect(PRESENCE, additional_headers=bearer(ben)) for node in nodes]
    assert here.receive() == update(ben, "online")
    assert [socket.receive() for socket in there] == [update(ann, "online")] * 2

    there[0].send({"type": "heartbeat", "status": "idle"})
    there[1].send({"type": "heartbeat", "status": "idle"})
    started = time.monotonic()
    assert here.receive() == update(ben, "idle")
    assert time.monotonic() - started < 4

    for socket in there:
        socket.send({"type": "heartbeat", "status": "online"})
    assert here.receive() == update(ben, "online")

    for socket in there:
        socket.close()
    closed_at = time.monotonic()
    assert here.receive() == update(ben, "offline")
    assert 4.5 < time.monotonic() - closed_at < 9


def test_a_killed_process_leaves_no_ghosts(nodes, team, people):
    ann, ben, cay = people
    here = nodes[0].connect(PRESENCE, additional_headers=bearer(ann))
    with serving() as doomed:
        for user in (ben, cay):
            doomed.connect(PRESENCE, additional_headers=bearer(user))
            assert here.receive() == update(user, "online")
        doomed.kill()
    PresenceLease.objects.filter(user__in=[ben, cay]).update(expires_at=timezone.now() - timedelta(seconds=1))

    assert sorted([here.receive(), here.receive()], key=str) == [update(ben, "offline"), update(cay, "offline")]
