"""What a workspace's people are shown of what happens in it."""

import pytest
from django.db import transaction

from accounts.models import Block
from activity.models import FeedEntry
from activity.services import FeedItem, record_in_feed
from core.errors import NotFound
from core.events import announce
from workspaces import events
from workspaces.activities import activities_for
from workspaces.audiences import audience_of, feed_of
from workspaces.models import ChannelMember, Role
from workspaces.services.channels import change_channel, delete_channel

pytestmark = pytest.mark.django_db


def told(*facts) -> list[tuple[str, int, str]]:
    """What the feed says after these, the first first."""
    with transaction.atomic():
        for fact in facts:
            announce(fact)
    return [(entry.type, entry.ref_id, entry.sentence) for entry in FeedEntry.objects.order_by("id")]


def said(channel, by) -> None:
    feed, audience = feed_of(channel.workspace_id), audience_of(channel.pk)
    record_in_feed([FeedItem(feed, "message_sent", by.pk, 5, f"sent in {channel}", audience)])


def summaries(user, workspace, **asked) -> list[str]:
    return [entry.summary for entry in activities_for(user, workspace.pk, **{"limit": 50, **asked})]


def test_what_happens_to_a_workspace_and_its_people_is_shown(workspace, boss, mate):
    here = {"workspace_id": workspace.pk}
    by_boss, by_mate = {**here, "by_id": boss.pk}, {**here, "by_id": mate.pk}

    assert told(
        events.WorkspaceCreated(**by_boss),
        events.MemberAdded(user_id=mate.pk, role=Role.ADMIN, **by_boss),
        events.MemberAdded(user_id=mate.pk, role=Role.MEMBER, **by_mate),
        events.MemberRoleChanged(user_id=mate.pk, old=Role.ADMIN, new=Role.OWNER, **by_boss),
        events.MemberRoleChanged(user_id=boss.pk, old=Role.OWNER, new=Role.ADMIN, **by_boss),
        events.MemberRemoved(user_id=mate.pk, **by_boss),
        events.MemberRemoved(user_id=mate.pk, **by_mate),
    ) == [
        ("workspace_created", workspace.pk, "bo created the workspace"),
        ("member_added", mate.pk, "bo added an admin"),
        ("member_added", mate.pk, "mia joined the workspace"),
        ("role_changed", mate.pk, "bo made an admin the owner"),
        ("role_changed", boss.pk, "bo became an admin"),
        ("member_removed", mate.pk, "bo removed a member"),
        ("member_removed", mate.pk, "mia left the workspace"),
    ]


def test_what_happens_to_channels_is_shown_to_who_may_know_of_them(workspace, boss, mate, make_channel):
    public, private = make_channel("general"), make_channel("leads", boss)
    facts = [
        made(channel_id=channel.pk, workspace_id=workspace.pk, by_id=boss.pk)
        for made in (events.ChannelCreated, events.ChannelDeleted)
        for channel in (public, private)
    ]

    assert told(*facts) == [
        ("channel_created", public.pk, "bo created #general"),
        ("channel_created", private.pk, "bo created #leads"),
        ("channel_deleted", public.pk, "bo deleted #general"),
        ("channel_deleted", private.pk, "bo deleted #leads"),
    ]
    assert summaries(mate, workspace) == ["deleted #general", "created #general"]
    assert summaries(boss, workspace) == ["deleted #leads", "deleted #general", "created #leads", "created #general"]


def test_who_is_let_into_a_private_channel_sees_what_happened_there_until_they_are_put_out(
    workspace, boss, mate, make_channel
):
    private, other = make_channel("leads", boss), make_channel("other", boss)
    said(private, boss)
    said(other, boss)

    ChannelMember.objects.create(channel=private, user=mate)
    assert summaries(mate, workspace) == ["sent in #leads"]

    ChannelMember.objects.filter(user=mate).delete()
    assert summaries(mate, workspace) == []


def test_what_happened_in_a_channel_is_shown_to_who_may_read_it_now(workspace, boss, mate, make_channel):
    channel = make_channel("flip", boss)
    said(channel, boss)
    assert (summaries(boss, workspace), summaries(mate, workspace)) == (["sent in #flip"], [])

    change_channel(channel=channel, fields={"is_private": False}, by=boss)
    said(channel, boss)
    assert summaries(boss, workspace) == summaries(mate, workspace) == ["sent in #flip"] * 2

    change_channel(channel=channel, fields={"is_private": True}, by=boss)
    assert (summaries(boss, workspace), summaries(mate, workspace)) == (["sent in #flip"] * 2, [])


def test_what_happened_in_a_public_channel_outlives_it_and_in_a_private_one_does_not(
    workspace, boss, mate, make_channel
):
    for channel in (make_channel("general"), make_channel("leads", boss, mate)):
        said(channel, boss)
        delete_channel(channel=channel, by=boss)

    assert summaries(boss, workspace) == summaries(mate, workspace) == ["deleted #general", "sent in #general"]


def test_those_one_has_blocked_are_hidden(workspace, boss, mate, make_channel):
    channel = make_channel()
    said(channel, boss)
    said(channel, mate)
    Block.objects.create(blocker=mate, blocked=boss)

    assert [entry.actor for entry in activities_for(mate, workspace.pk, limit=50)] == [mate]
    assert [entry.actor for entry in activities_for(boss, workspace.pk, limit=50)] == [mate, boss]


def test_a_feed_is_its_workspaces_peoples(workspace, make_workspace, stranger, make_channel, boss, mate):
    other = make_workspace("Other", owner=stranger)
    said(make_channel(), boss)

    assert summaries(mate, workspace) == ["sent in #general"]
    assert summaries(stranger, other) == []
    for foreign in (workspace.pk, other.pk + 1, 2**62):
        with pytest.raises(NotFound):
            activities_for(stranger, foreign, limit=50)


def test_at_most_200_are_read(workspace, boss):
    record_in_feed([FeedItem(feed_of(workspace.pk), "tried", boss.pk, 1, f"{number}") for number in range(201)])

    assert summaries(boss, workspace, limit=10**9) == [f"{number}" for number in range(200, 0, -1)]
    assert summaries(boss, workspace, limit=2) == ["200", "199"]


@pytest.mark.parametrize("count", [1, 3])
def test_reading_takes_five_queries(workspace, boss, make_channel, count, django_assert_num_queries):
    for number in range(count):
        said(make_channel(f"leads-{number}", boss), boss)

    with django_assert_num_queries(5):
        assert len(summaries(boss, workspace)) == count
