"""What is said in channels is shown in the workspace's feed, and who is mentioned is told."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from activity.models import FeedEntry
from chat.services.changes import edit_message
from chat.services.channel_news import names_mentioned
from chat.services.posting import NewMessage, post_messages
from chat.tests.conftest import block, join
from notifications.models import Notification

pytestmark = pytest.mark.django_db


def told():
    return [(one.recipient.username, one.message, one.actor_id) for one in Notification.objects.order_by("pk")]


def test_the_feed_shows_what_was_said_to_those_who_may_read_it(workspace, channel, private_channel, boss, mate, say):
    public, private = say(boss, channel), say(mate, private_channel)

    entries = FeedEntry.objects.order_by("pk")
    assert list(entries.values_list("feed", "audience", "type", "actor", "ref_id", "summary")) == [
        (
            f"workspace-{workspace.pk}",
            f"channel-{channel.channel_id}",
            "message_sent",
            boss.pk,
            public.pk,
            "sent a message in #general",
        ),
        (
            f"workspace-{workspace.pk}",
            f"channel-{private_channel.channel_id}",
            "message_sent",
            mate.pk,
            private.pk,
            "sent a message in #leads",
        ),
    ]


def test_what_was_shown_of_public_channels_before_is_told_apart_and_can_be_put_together_again(
    workspace, channel, private_channel, boss, mate, say
):
    said = [say(boss, channel), say(mate, private_channel)]
    created = {"feed": f"workspace-{workspace.pk}", "actor": boss, "summary": "created"}
    FeedEntry.objects.create(type="channel_created", ref_id=channel.channel_id, **created)
    FeedEntry.objects.create(type="member_added", ref_id=said[0].pk, **created)
    migration = import_module("chat.migrations.0006_what_happened_in_channels_is_told_apart")
    public, private = f"channel-{channel.channel_id}", f"channel-{private_channel.channel_id}"

    def audiences_after(statements):
        migration.run(statements)(apps, SimpleNamespace(connection=connection))
        return list(FeedEntry.objects.order_by("pk").values_list("audience", flat=True))

    assert audiences_after(migration.TOGETHER) == ["", private, "", ""]
    assert audiences_after(migration.APART) == [public, private, public, ""]
    FeedEntry.objects.all().delete()
    assert audiences_after(migration.APART) == []


def test_nothing_is_shown_of_what_is_said_elsewhere_or_refused(private_chat, channel, customer, stranger, say):
    say(customer, private_chat)
    post_messages([NewMessage(channel.pk, stranger, "Hello", channel_id=channel.channel_id)])

    assert not FeedEntry.objects.exists()


def test_who_is_mentioned_is_told_once(channel, boss, mate, aide, say):
    message = say(boss, channel, "Ask @MIA, or @ada. Or @mia!", client_id="a")
    say(boss, channel, "Ask @MIA, or @ada. Or @mia!", client_id="a")
    edit_message(message_id=message.pk, by=boss, body="Ask @mia and @ada")

    assert sorted(told()) == [
        ("ada", "mentioned you in #general", boss.pk),
        ("mia", "mentioned you in #general", boss.pk),
    ]
    notification = Notification.objects.get(recipient=mate)
    assert (notification.kind, notification.dedupe_key, notification.details) == (
        "mention",
        f"mention:{message.pk}",
        {"workspace_id": channel.channel.workspace_id, "channel_id": channel.channel_id, "message_id": message.pk},
    )


def test_nobody_is_told_who_may_not_read_it_or_would_not_hear_it(
    channel, private_channel, boss, mate, aide, stranger, superuser, say
):
    block(aide, mate)

    say(mate, channel, "@mia @ada @stranger @root @nobody")
    say(mate, private_channel, "@bo @mia")

    assert told() == []


def test_everyone_of_a_batch_is_told_of_their_own_mentions(make_user, workspace, channel, private_channel, boss, mate):
    join(workspace, make_user("max"))
    said = [
        (channel, boss, "@mia"),
        (private_channel, mate, "@max"),
        (channel, mate, "@max and @bo"),
        (channel, boss, "-"),
    ]

    post_messages([NewMessage(room.pk, by, body, channel_id=room.channel_id) for room, by, body in said])

    assert sorted(told()) == [
        ("bo", "mentioned you in #general", mate.pk),
        ("max", "mentioned you in #general", mate.pk),
        ("mia", "mentioned you in #general", boss.pk),
    ]


# Stored; the channels; the feed; who is meant; whom they are, whom they block, how they want to be told, and telling.
QUERIES = {"postgresql": 14, "sqlite": 17}


@pytest.mark.parametrize("n", [1, 3])
def test_a_batch_costs_the_same_statements_however_long(channel, boss, mate, n, django_assert_num_queries):
    said = [NewMessage(channel.pk, boss, f"{number} @mia", channel_id=channel.channel_id) for number in range(n)]

    with django_assert_num_queries(QUERIES[connection.vendor]):
        post_messages(said)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("", []),
        ("Hello", []),
        ("@", []),
        ("@@", []),
        ("@bob", ["BOB"]),
        ("(@bob)", ["BOB"]),
        ("@bob, @Ann!", ["ANN", "BOB"]),
        ("@bob.", ["BOB", "BOB."]),
        ("@bob.smith", ["BOB.SMITH"]),
        ("bob@example.com", []),
        ("@bob@example.com", ["BOB@EXAMPLE.COM"]),
        ("@böb", ["B"]),
        ("@@bob", []),
    ],
)
def test_names_are_found_in_what_is_said(body, names):
    assert sorted(names_mentioned(body)) == names


def test_only_so_many_are_told_by_one_message():
    assert len(names_mentioned(" ".join(f"@user{number}" for number in range(500)))) == 50
