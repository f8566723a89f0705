"""`/ws/activity/`: what happens in a workspace, told while it does to those whom it is for."""

import asyncio
import threading

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from accounts.models import UserType
from accounts.services.blocks import block_user
from accounts.services.sessions import end_all_sessions
from activity.models import FeedEntry
from activity.selectors import newest_entry_id
from activity.services import FeedItem, record_in_feed
from core.threads import in_database_thread
from tests.sockets.client import Socket, play, until
from tests.sockets.conftest import bearer
from tests.sockets.server import RINGING_ONLY, serving
from workspaces.audiences import audience_of, feed_of
from workspaces.consumers import pulseboard
from workspaces.models import Channel, ChannelMember, Member, Role, Workspace
from workspaces.realtime import feeds
from workspaces.services.channels import change_channel, put_out_of_channel
from workspaces.services.members import remove_member
from workspaces.services.workspaces import delete_workspace

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

ACTIVITY = "/ws/activity/"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setattr(feeds, "GATHER", 0.01)
    # For a minute, also where somebody looks many times a second.
    monkeypatch.setattr(feeds, "LOOKS_REMEMBERED", 1_200)


@pytest.fixture
def people(make_user):
    return [make_user(name, UserType.MEMBER, first_name=name.title()) for name in ("ann", "ben", "cay")]


@pytest.fixture
def team(people):
    return shared_by(*people)


@pytest.fixture
def leads(team, people):
    """A private channel of the first two."""
    channel = Channel.objects.create(workspace=team, name="leads", created_by=people[0], is_private=True)
    ChannelMember.objects.bulk_create(ChannelMember(channel=channel, user=user) for user in people[:2])
    return channel


def shared_by(owner, *others):
    workspace = Workspace.objects.create(name="Team", created_by=owner)
    Member.objects.create(workspace=workspace, user=owner, role=Role.OWNER)
    Member.objects.bulk_create(Member(workspace=workspace, user=user) for user in others)
    return workspace


def record(workspace, actor, *summaries, channel=None):
    audience = audience_of(channel.pk) if channel else ""
    items = [FeedItem(feed_of(workspace.pk), "tried", actor.pk, 5, summary, audience) for summary in summaries]
    with transaction.atomic():
        record_in_feed(items)


async def happens(*args, **kwargs):
    await in_database_thread(record, *args, **kwargs)


async def following(user, *workspaces, since=2**62):
    """A socket that follows these, by the time it is returned."""
    socket = await Socket.open(ACTIVITY, headers=await in_database_thread(bearer, user))
    for workspace in workspaces:
        await socket.send({"type": "subscribe", "workspace_id": workspace.pk, "since": since})
        assert (await socket.receive_type("subscribed"))["workspace_id"] == workspace.pk
    return socket


async def heard(socket):
    """What it was told of all that was stored by now."""
    ours = await feeds.feeds()
    await until(lambda: not ours._changed.is_set())
    await asyncio.sleep(0)
    return summed_up(socket.received())


async def caught_up(socket):
    """What it was told up to the end of what it missed."""
    return summed_up(await socket.receive_until("subscribed"))


def summed_up(frames):
    """The summaries of activities, other frames as they are."""
    return [frame["activity"]["summary"] if frame["type"] == "activity_update" else frame for frame in frames]


def not_found(workspace):
    return {"type": "error", "message": "Not found.", "code": "not_found", "workspace_id": workspace.pk}


def test_what_happens_is_shown_as_the_list_shows_it(as_user, team, people):
    async def scene():
        socket = await Socket.open(ACTIVITY, headers=await in_database_thread(bearer, people[1]))
        await socket.send({"type": "subscribe", "workspace_id": team.pk})
        ours = await feeds.feeds()
        await until(lambda: ours._followers[feed_of(team.pk)])
        await happens(team, people[0], "sent a message in #general")
        return await socket.receive()

    frame = play(scene)

    listed = as_user(people[1]).send("POST", "/api/activities/", {"workspace_id": team.pk}).json()["data"]
    assert frame == {"type": "activity_update", "activity": listed[0]}
    assert frame["activity"]["summary"] == "Ann sent a message in #general"


def test_several_workspaces_are_followed_on_one_socket_and_each_entry_is_told_once(team, people):
    other = shared_by(people[0], people[2])

    async def scene():
        both = await following(people[0], team, other, team)
        one = await following(people[1], team)
        await happens(team, people[0], "a")
        await happens(other, people[0], "b", "c")
        await happens(team, people[0], "d")
        told = [await heard(both), await heard(one)]
        await both.send({"type": "unsubscribe", "workspace_id": team.pk})
        await happens(team, people[0], "e")
        await happens(other, people[0], "f")
        return [*told, await heard(both), await heard(one)]

    to_both, to_one, then_to_both, then_to_one = play(scene)
    assert sorted(to_both) == ["Ann a", "Ann b", "Ann c", "Ann d"]
    assert to_one == ["Ann a", "Ann d"]
    assert then_to_both == ["Ann f"]
    assert then_to_one == ["Ann e"]


def test_a_workspace_one_is_not_in_is_refused_and_the_others_go_on(team, people, make_user):
    elsewhere = shared_by(make_user("sam", UserType.MEMBER))

    async def scene():
        socket = await following(people[0], team)
        await socket.send({"type": "subscribe", "workspace_id": elsewhere.pk})
        refused = await socket.receive()
        await socket.send({"type": "subscribe", "workspace_id": elsewhere.pk, "since": 0})
        again = await socket.receive()
        await happens(elsewhere, people[0], "a")
        await happens(team, people[0], "b")
        return refused, again, await heard(socket)

    refused, again, told = play(scene)
    assert refused == again == not_found(elsewhere)
    assert told == ["Ann b"]


def test_private_channels_are_told_to_their_members_until_they_are_put_out(team, leads, people):
    async def scene():
        sockets = [await following(user, team) for user in people]
        await happens(team, people[0], "a", channel=leads)
        told = [await heard(socket) for socket in sockets]
        await in_database_thread(put_out_of_channel, channel=leads, user_id=people[1].pk, by=people[0])
        await happens(team, people[0], "b", channel=leads)
        await happens(team, people[0], "c")
        return told, [await heard(socket) for socket in sockets]

    assert play(scene) == (
        [["Ann a"], ["Ann a"], []],
        [["Ann b", "Ann c"], ["Ann c"], ["Ann c"]],
    )


def test_a_channel_that_becomes_public_or_private_is_shown_as_the_list_shows_it(as_user, team, leads, people):
    """Live, to who comes back, and in the list: to who is not in it, only while it is public."""
    client = as_user(people[2])

    def listed():
        shown = client.send("POST", "/api/activities/", {"workspace_id": team.pk}).json()["data"]
        return [activity["summary"] for activity in reversed(shown)]

    async def shown_after(is_private, summary, there):
        await in_database_thread(change_channel, channel=leads, fields={"is_private": is_private}, by=people[0])
        await happens(team, people[0], summary, channel=leads)
        back = await following(people[2])
        await back.send({"type": "subscribe", "workspace_id": team.pk, "since": 0})
        return await heard(there), (await caught_up(back))[:-1], await in_database_thread(listed)

    async def scene():
        await happens(team, people[0], "a", channel=leads)
        there = await following(people[2], team)
        return [await shown_after(False, "b", there), await shown_after(True, "c", there)]

    assert play(scene) == [
        (["Ann b"], ["Ann a", "Ann b"], ["Ann a", "Ann b"]),
        ([], [], []),
    ]


def test_who_is_put_out_of_the_workspace_is_told_so_and_nothing_more_of_it(team, people):
    other = shared_by(people[1])

    async def scene():
        sockets = [await following(people[0], team), await following(people[1], team, other)]
        await in_database_thread(remove_member, workspace=team, user_id=people[1].pk, by=people[0])
        told = [await heard(socket) for socket in sockets]
        await happens(team, people[0], "a")
        await happens(other, people[1], "b")
        return told, [await heard(socket) for socket in sockets]

    assert play(scene) == (
        [["Ann removed a member"], [not_found(team)]],
        [["Ann a"], ["Ben b"]],
    )


def test_a_workspace_that_is_deleted_is_followed_no_more(team, people):
    async def scene():
        socket = await following(people[1], team)
        await in_database_thread(delete_workspace, workspace=team, by=people[0])
        return await heard(socket)

    assert play(scene) == [not_found(team)]


def test_those_one_has_blocked_are_hidden_from_then_on(team, people):
    async def scene():
        sockets = [await following(user, team) for user in people[:2]]
        await in_database_thread(block_user, blocked=people[2], by=people[0])
        await happens(team, people[2], "a")
        await happens(team, people[1], "b")
        return [await heard(socket) for socket in sockets]

    assert play(scene) == [["Ben b"], ["Cay a", "Ben b"]]


def test_who_comes_back_is_shown_what_they_missed_and_no_more_than_that(team, leads, people):
    record(team, people[0], "before")
    since = FeedEntry.objects.latest("id").pk
    record(team, people[0], "missed")
    record(team, people[0], "private", channel=leads)

    async def scene():
        told = []
        for user in people[1:]:
            socket = await following(user)
            await socket.send({"type": "subscribe", "workspace_id": team.pk, "since": since})
            told.append(await caught_up(socket))
            await happens(team, people[0], f"live {user}")
            told[-1] += await heard(socket)
        return told

    to_member, to_other = play(scene)
    done = {"type": "subscribed", "workspace_id": team.pk, "complete": True}
    assert to_member == ["Ann missed", "Ann private", done, "Ann live ben"]
    assert to_other == ["Ann missed", "Ann live ben", done, "Ann live cay"]


def test_nothing_is_missed_or_told_twice_while_somebody_comes_back(team, people):
    async def scene():
        record_all = asyncio.gather(*(happens(team, people[0], f"{number}") for number in range(60)))
        socket = await following(people[1])
        await socket.send({"type": "subscribe", "workspace_id": team.pk, "since": 0})
        await record_all
        return await caught_up(socket) + await heard(socket)

    told = play(scene)
    assert sorted(one for one in told if isinstance(one, str)) == sorted(f"Ann {number}" for number in range(60))


@pytest.fixture
def slowly(monkeypatch, people):
    """What the second of them missed is read, and handed over once the test says so."""
    is_asked, may_be_read, real = threading.Event(), threading.Event(), feeds.activities_missed

    def read(user, *args, **kwargs):
        missed = real(user, *args, **kwargs)
        if user == people[1]:
            is_asked.set()
            assert may_be_read.wait(5)
        return missed

    monkeypatch.setattr(feeds, "activities_missed", read)
    return is_asked, may_be_read


def test_what_somebody_missed_is_read_while_others_are_told_and_they_hear_the_rest_after_it(
    team, leads, people, slowly
):
    is_asked, may_be_read = slowly
    record(team, people[0], "missed")

    async def scene():
        there, back = await following(people[2], team), await following(people[1])
        await back.send({"type": "subscribe", "workspace_id": team.pk, "since": 0})
        await asyncio.to_thread(is_asked.wait, 5)
        await happens(team, people[0], "a")
        told = [await heard(there)]
        await happens(team, people[0], "b", channel=leads)
        told += [await heard(there), await heard(back)]
        may_be_read.set()
        return *told, await caught_up(back)

    done = {"type": "subscribed", "workspace_id": team.pk, "complete": True}
    assert play(scene) == (["Ann a"], [], [], ["Ann missed", "Ann a", "Ann b", done])


def test_who_is_put_out_while_what_they_missed_is_read_is_refused_once(team, people, slowly):
    is_asked, may_be_read = slowly

    async def scene():
        back = await following(people[1])
        await back.send({"type": "subscribe", "workspace_id": team.pk, "since": 0})
        await asyncio.to_thread(is_asked.wait, 5)
        await in_database_thread(remove_member, workspace=team, user_id=people[1].pk, by=people[0])
        ours = await feeds.feeds()
        await until(lambda: not ours._followers)
        may_be_read.set()
        told = [await back.receive()]
        await happens(team, people[0], "a")
        return *told, await back.is_silent(), ours._wanted

    assert play(scene) == (not_found(team), True, {})


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite stores one transaction after the other")
def test_what_was_stored_late_is_shown_to_who_asks_from_a_little_earlier(team, people):
    record(team, people[0], "seen long before")
    earlier = FeedEntry.objects.latest("id").pk
    is_given, may_be_stored = threading.Event(), threading.Event()

    @transaction.atomic
    def store_late():
        record(team, people[0], "late")
        is_given.set()
        may_be_stored.wait(5)

    async def scene():
        there = await following(people[1], team)
        storing = asyncio.ensure_future(in_database_thread(store_late))
        await asyncio.to_thread(is_given.wait, 5)
        await happens(team, people[0], "seen")
        told = [await heard(there)]
        may_be_stored.set()
        await storing
        told.append(await heard(there))
        back = await following(people[2])
        await back.send({"type": "subscribe", "workspace_id": team.pk, "since": earlier})
        return *told, await caught_up(back)

    done = {"type": "subscribed", "workspace_id": team.pk, "complete": True}
    assert play(scene) == (["Ann seen"], ["Ann late"], ["Ann late", "Ann seen", done])


def test_too_much_that_was_missed_is_said_to_be_incomplete(team, people):
    record(team, people[0], *(f"{number}" for number in range(201)))

    async def scene():
        socket = await following(people[1])
        await socket.send({"type": "subscribe", "workspace_id": team.pk, "since": 0})
        return await caught_up(socket)

    *told, done = play(scene)
    assert told == [f"Ann {number}" for number in range(200)]
    assert done == {"type": "subscribed", "workspace_id": team.pk, "complete": False}


def test_what_no_ring_told_of_is_found(monkeypatch, team, people):
    monkeypatch.setattr(feeds, "LOOK_EVERY", 0.2)
    record(team, people[0], "before")

    async def scene():
        socket = await following(people[1], team)
        feed, told = feed_of(team.pk), []
        for summary in "ab":
            entry = FeedEntry(feed=feed, actor=people[0], type="tried", ref_id=5, summary=summary)
            await in_database_thread(entry.save)
            told.append(await socket.receive())
        await happens(team, people[0], "c")
        told.append(await socket.receive())
        return summed_up(told), await socket.is_silent(0.5)

    assert play(scene) == (["Ann a", "Ann b", "Ann c"], True)


def test_with_the_database_away_it_is_told_later(monkeypatch, team, people):
    monkeypatch.setattr(feeds, "TRY_AGAIN_AFTER", 0.05)
    real, troubles = feeds.read_news, [OperationalError(), OperationalError()]

    def read(*args):
        if troubles:
            raise troubles.pop()
        return real(*args)

    monkeypatch.setattr(feeds, "read_news", read)

    async def scene():
        socket = await following(people[1], team)
        await happens(team, people[0], "a")
        return await heard(socket)

    assert play(scene) == ["Ann a"]


def test_what_is_rung_again_is_not_told_again(monkeypatch, team, people):
    monkeypatch.setattr(feeds, "LOOK_EVERY", 0.05)

    def ring_again():
        feeds.ring_feed(feed_of(team.pk), FeedEntry.objects.values_list("pk", flat=True))

    async def scene():
        socket = await following(people[1], team)
        await happens(team, people[0], "a")
        told = [await heard(socket)]
        await in_database_thread(ring_again)
        told.append(await heard(socket))
        ours, newest = await feeds.feeds(), await in_database_thread(newest_entry_id)
        await until(lambda: ours._looked_up_to[0] >= newest)
        await in_database_thread(ring_again)
        told.append(await heard(socket))
        return told

    assert play(scene) == [["Ann a"], [], []]


def test_what_who_comes_back_has_seen_is_not_told_by_a_late_ring(team, people):
    record(team, people[0], "a", "b")
    ids = list(FeedEntry.objects.order_by("id").values_list("pk", flat=True))

    async def scene():
        socket = await following(people[1], team, since=ids[-1])
        await in_database_thread(feeds.ring_feed, feed_of(team.pk), ids)
        return await heard(socket)

    assert play(scene) == []


def test_who_was_put_out_unnoticed_is_found(monkeypatch, team, people):
    monkeypatch.setattr(feeds, "LOOK_EVERY", 0.05)

    def put_out_unnoticed():
        Member.objects.filter(user=people[1]).delete()
        FeedEntry.objects.create(feed=feed_of(team.pk), actor=people[0], type="tried", ref_id=5, summary="unheard")

    async def scene():
        socket = await following(people[1], team)
        await in_database_thread(put_out_unnoticed)
        return await socket.receive(), await socket.is_silent()

    assert play(scene) == (not_found(team), True)


def test_who_follows_already_is_told_once_and_goes_on_without_a_gap(team, people):
    async def scene():
        socket = await following(people[1], team)
        ours = await feeds.feeds()
        before = set(ours._followers[feed_of(team.pk)])
        await socket.send({"type": "subscribe", "workspace_id": team.pk})
        await happens(team, people[0], "a")
        return await heard(socket), set(ours._followers[feed_of(team.pk)]) == before

    assert play(scene) == (["Ann a"], True)


def test_with_the_database_away_a_subscription_is_refused_by_name(monkeypatch, team, people):
    def away(*args):
        raise OperationalError

    async def scene():
        socket = await following(people[1])
        with monkeypatch.context() as patch:
            patch.setattr(pulseboard, "get_workspace_for", away)
            await socket.send({"type": "subscribe", "workspace_id": team.pk})
            refusal = await socket.receive()
        await socket.send({"type": "subscribe", "workspace_id": team.pk, "since": 0})
        return refusal, await socket.receive()

    message = "This is not available at the moment."
    refusal = {"type": "error", "message": message, "code": "unavailable", "workspace_id": team.pk}
    assert play(scene) == (refusal, {"type": "subscribed", "workspace_id": team.pk, "complete": True})


@pytest.mark.parametrize("count", [1, 3])
def test_news_are_read_in_as_many_queries_however_much_they_are(team, leads, people, count, django_assert_num_queries):
    record(team, people[0], *(f"{number}" for number in range(count)), channel=leads)
    ids = list(FeedEntry.objects.values_list("pk", flat=True))

    with django_assert_num_queries(5):
        news = feeds.read_news(ids, [user.pk for user in people[:count]])

    assert len(news.entries) == count


def test_nothing_is_kept_of_who_has_left(team, people):
    async def scene():
        for user in people:
            await (await following(user, team)).close()
        ours = await feeds.feeds()
        return ours._followers, ours._wanted, ours._exchange._ears.keys()

    followers, wanted, groups = play(scene)
    assert (followers, wanted) == ({}, {})
    assert f"feed.{feed_of(team.pk)}" not in groups


def test_a_session_that_ends_ends_the_socket(team, people):
    async def scene():
        socket = await following(people[1], team)
        await in_database_thread(end_all_sessions, people[1])
        return await socket.closed_with()

    (refused,), code = play(scene)
    assert (refused["type"], code) == ("error", 4003)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "frame_not_json"),
        ([], "frame_not_object"),
        ({"type": "follow"}, "frame_type_unknown"),
        ({"type": "subscribe"}, "frame_invalid"),
        ({"type": "subscribe", "workspace_id": "1"}, "frame_invalid"),
        ({"type": "subscribe", "workspace_id": 0}, "frame_invalid"),
        ({"type": "subscribe", "workspace_id": 2**63}, "frame_invalid"),
        ({"type": "subscribe", "workspace_id": 2**62}, "not_found"),
        ({"type": "subscribe", "workspace_id": 1, "since": -1}, "frame_invalid"),
        ({"type": "unsubscribe", "workspace_id": None}, "frame_invalid"),
    ],
)
def test_bad_frames_are_told_of_and_the_socket_stays(team, people, frame, code):
    async def scene():
        socket = await following(people[0], team)
        await socket.send_unread(frame)
        refused = await socket.receive()
        await happens(team, people[0], "a")
        return refused, await heard(socket)

    refused, told = play(scene)
    assert (refused["type"], refused["code"]) == ("error", code)
    assert told == ["Ann a"]


@pytest.mark.skipif(not settings.REDIS_URL, reason="several processes need Redis")
def test_what_happens_anywhere_is_told_by_every_process(team, leads, people):
    with serving(RINGING_ONLY) as one, serving(RINGING_ONLY) as other:
        sockets = []
        for node, user in ((one, people[1]), (other, people[2])):
            socket = node.connect(ACTIVITY, additional_headers=bearer(user))
            socket.send({"type": "subscribe", "workspace_id": team.pk, "since": 0})
            assert socket.receive_type("subscribed")["complete"]
            sockets.append(socket)

        record(team, people[0], "private", channel=leads)
        record(team, people[0], "public")
        told = [[socket.receive()["activity"]["summary"]] for socket in sockets]
        told[0].append(sockets[0].receive()["activity"]["summary"])

        assert told == [["Ann private", "Ann public"], ["Ann public"]]
