"""Who is in which workspace, and who may read and write in which channel."""

import pytest
from django.utils import timezone

from activity.services import FEED_KEPT_FOR
from core.errors import NotFound
from workspaces.models import Channel, Member
from workspaces.selectors import (
    channels_open_among,
    channels_shown_to,
    get_channel_for,
    get_workspace_for,
    members_named,
    private_among,
    workspace_ids_of,
    workspaces_of,
)

pytestmark = pytest.mark.django_db

HUGE = 10**30


@pytest.fixture
def channels(make_channel, boss, aide):
    """A public one, a private one of boss and aide, and one that was deleted."""
    return make_channel("general"), make_channel("leads", boss, aide), make_channel("old", deleted_at=timezone.now())


def test_a_workspace_is_there_for_who_is_in_it(workspace, boss, mate, stranger, superuser):
    assert [get_workspace_for(user, workspace.pk) for user in (boss, mate)] == [workspace] * 2
    for user, workspace_id in ((stranger, workspace.pk), (superuser, workspace.pk), (boss, 999_999), (boss, HUGE)):
        with pytest.raises(NotFound):
            get_workspace_for(user, workspace_id)


def test_a_deleted_workspace_is_there_for_nobody(workspace, make_channel, boss):
    channel = make_channel()
    workspace.deleted_at = timezone.now()
    workspace.save()

    with pytest.raises(NotFound):
        get_workspace_for(boss, workspace.pk)
    with pytest.raises(NotFound):
        get_channel_for(boss, channel.pk)
    assert list(workspaces_of(boss)) == []
    assert workspace_ids_of([boss.pk]) == {boss.pk: frozenset()}
    assert channels_open_among([boss.pk], [channel.pk]) == frozenset()


def test_a_channel_is_open_to_the_workspace_and_a_private_one_to_who_was_let_in(channels, boss, aide, mate, stranger):
    general, leads, old = channels
    people = {user.pk: user for user in (boss, aide, mate, stranger)}

    opened = channels_open_among(people, [general.pk, leads.pk, old.pk, 999_999])

    assert opened == {
        *((user.pk, general.pk) for user in (boss, aide, mate)),
        *((user.pk, leads.pk) for user in (boss, aide)),
    }
    for user in people.values():
        for channel in channels:
            if (user.pk, channel.pk) in opened:
                assert get_channel_for(user, channel.pk) == channel
            else:
                with pytest.raises(NotFound):
                    get_channel_for(user, channel.pk)


def test_who_left_the_workspace_is_in_none_of_its_channels(channels, workspace, aide):
    Member.objects.filter(user=aide).delete()

    assert channels_open_among([aide.pk], [channel.pk for channel in channels]) == frozenset()


def test_channels_are_looked_up_in_one_query_each(django_assert_num_queries, channels, boss, mate):
    ids = [channel.pk for channel in channels]

    with django_assert_num_queries(1):
        channels_open_among([boss.pk, mate.pk], ids)
    with django_assert_num_queries(1):
        assert get_channel_for(boss, ids[0]).workspace.name == "Engineering Team"


def test_what_happened_in_channels_is_shown_also_of_public_ones_that_were_deleted(
    channels, workspace, make_workspace, boss, mate, stranger
):
    general, leads, old = (channel.pk for channel in channels)
    to_all, to_boss = {general, old}, {general, leads, old}

    assert (channels_shown_to(boss, workspace.pk), channels_shown_to(mate, workspace.pk)) == (to_boss, to_all)
    assert channels_shown_to(boss, make_workspace("Other").pk) == frozenset()


def test_what_happened_in_a_channel_that_was_deleted_is_shown_for_as_long_as_it_is_kept(channels, workspace, boss):
    general, leads, old = (channel.pk for channel in channels)
    Channel.objects.filter(pk=old).update(deleted_at=timezone.now() - FEED_KEPT_FOR)

    assert channels_shown_to(boss, workspace.pk) == {general, leads}


def test_which_channels_are_private(channels):
    general, leads, old = (channel.pk for channel in channels)

    assert private_among([general, leads, old, 999_999]) == {leads}


def test_workspaces_of_many_people(django_assert_num_queries, make_workspace, workspace, boss, mate, stranger):
    other = make_workspace("Other")

    with django_assert_num_queries(1):
        found = workspace_ids_of([boss.pk, mate.pk, stranger.pk])

    assert found == {boss.pk: {workspace.pk, other.pk}, mate.pk: {workspace.pk}, stranger.pk: frozenset()}


def test_people_are_named_without_case_and_only_who_may_read(channels, boss, mate, stranger):
    general, leads, _ = channels
    names = ["BO", "bo", "Mia", "stranger", "nobody", ""]

    assert members_named(general, names) == [boss, mate]
    assert members_named(leads, names) == [boss]

    mate.is_active = False
    mate.save()
    assert members_named(general, names) == [boss]
