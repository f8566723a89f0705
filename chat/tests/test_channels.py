"""What is said in a workspace's channels."""

from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.services.privacy import anonymise_account, export_account
from activity.models import ActivityEntry
from chat import errors
from chat.events import ChannelMessage, ChannelMessagesPosted, PostedMessage
from chat.models import Conversation, Message, Participant
from chat.selectors.admission import admit
from chat.selectors.history import find_seen_message
from chat.selectors.standing import check_may_write
from chat.services.allowed_messages import insert_allowed
from chat.services.changes import delete_message, edit_message, react
from chat.services.conversations import ensure_channel_conversation, mark_channel_read
from chat.services.posting import NewMessage, Posted, post_messages
from chat.tests.conftest import block, join, open_channel
from core import events
from core.errors import NotFound
from core.events import announce
from workspaces.events import ChannelCreated
from workspaces.models import Channel, ChannelMember, Member, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced(monkeypatch):
    heard = []
    monkeypatch.setitem(events._in_transaction, ChannelMessagesPosted, [heard.append])
    return heard


def said(*bodies):
    """Messages not yet numbered, as the writer gives them to the database."""
    return [Message(conversation_id=room, sender=by, body=body, created_at=timezone.now()) for room, by, body in bodies]


def new(conversation, by, body="Hello"):
    return NewMessage(conversation.pk, by, body, channel_id=conversation.channel_id)


def test_a_channel_comes_with_its_conversation(workspace, boss):
    channel = Channel.objects.create(workspace=workspace, name="general", created_by=boss)

    announce(ChannelCreated(channel.pk, workspace.pk, boss.pk))

    conversation = Conversation.objects.get(channel=channel)
    assert (conversation.kind, conversation.last_seq) == ("channel", 0)
    assert ensure_channel_conversation(channel.pk) == conversation


@pytest.mark.parametrize("wrong", [{"channel": None}, {"pair": "1-2"}, {"kind": "group"}, {"kind": "private"}])
def test_a_conversation_is_of_one_thing(channel, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Conversation.objects.filter(pk=channel.pk).update(**wrong)


def test_who_may_read_and_write_in_a_channel(make_user, workspace, boss):
    """Whatever is so at the moment: the one statement, the judge, and the door agree."""
    user, room = make_user("uma"), open_channel(workspace, "plans", boss)
    for is_member, is_private, is_inside, channel_is_gone, workspace_is_gone in product([False, True], repeat=5):
        Channel.objects.update(is_private=is_private, deleted_at=timezone.now() if channel_is_gone else None)
        Workspace.objects.update(deleted_at=timezone.now() if workspace_is_gone else None)
        Member.objects.filter(user=user).delete()
        ChannelMember.objects.filter(user=user).delete()
        if is_member:
            join(workspace, user)
        if is_inside:
            ChannelMember.objects.create(channel=room.channel, user=user)
        may = is_member and (is_inside or not is_private) and not channel_is_gone and not workspace_is_gone

        assert is_let(lambda: check_may_write(user, room)) == may
        assert is_let(lambda: admit(user, room.pk)) == may
        assert [isinstance(result, Posted) for result in post_messages([new(room, user)])] == [may]
        if connection.vendor == "postgresql":
            assert len(insert_allowed(said((room.pk, user, "Hello")), waits=True)) == may


def is_let(act):
    try:
        act()
    except NotFound:
        return False
    return True


def test_superusers_and_who_runs_the_workspace_are_nobody_special_in_a_private_channel(
    superuser, boss, aide, private_channel, channel
):
    refused = post_messages([new(private_channel, boss), new(private_channel, aide), new(channel, superuser)])

    assert [type(refusal) for refusal in refused] == [NotFound] * 3


def test_messages_of_channels_are_told_apart_from_others(
    channel, private_channel, private_chat, customer, mate, boss, announced
):
    post_messages([new(channel, boss), new(private_chat, customer), new(private_channel, mate), new(channel, mate)])

    stored = {message.pk: message for message in Message.objects.select_related("sender", "conversation")}
    (heard,) = announced
    assert [(one.channel_id, one.message.seq, one.message.sender_email) for one in heard.messages] == [
        (channel.channel_id, 1, "bo@example.com"),
        (private_channel.channel_id, 1, "mia@example.com"),
        (channel.channel_id, 2, "mia@example.com"),
    ]
    assert heard.messages[0] == ChannelMessage(channel.channel_id, fact_of(stored[heard.messages[0].message.id]))
    assert {message.conversation_id for message in stored.values() if message.in_channel} == {
        channel.pk,
        private_channel.pk,
    }


def fact_of(message):
    return PostedMessage(
        id=message.pk,
        conversation_id=message.conversation_id,
        seq=message.seq,
        sender_id=message.sender_id,
        sender=message.sender.username,
        body=message.body,
        sent_at=message.created_at,
        client_id="",
        sender_email=message.sender.email,
    )


def test_a_message_stands_or_falls_with_what_is_written_because_of_it(channel, boss, monkeypatch):
    def fail(event):
        raise IntegrityError

    monkeypatch.setitem(events._in_transaction, ChannelMessagesPosted, [fail])

    (refusal,) = post_messages([new(channel, boss)])

    assert isinstance(refusal, errors.NotStored)
    assert not Message.objects.exists()
    channel.refresh_from_db()
    assert channel.last_seq == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite judges each by itself")
@pytest.mark.parametrize("in_channel", [False, True])
def test_only_channels_pay_for_what_is_done_in_channels(
    private_chat, channel, customer, boss, announced, in_channel, django_assert_num_queries
):
    """A message of two is one statement, without a transaction around it."""
    item = new(channel, boss) if in_channel else new(private_chat, customer)

    with django_assert_num_queries(3 if in_channel else 1):
        (posted,) = post_messages([item])

    assert isinstance(posted, Posted)


def test_changes_take_their_turn_and_only_who_runs_the_workspace_unsays_others(
    channel, private_channel, boss, aide, mate, superuser, say
):
    first, second, private = say(mate, channel), say(mate, channel), say(mate, private_channel)
    theirs = say(boss, channel)

    edit_message(message_id=first.pk, by=mate, body="Hello!")
    react(message_id=first.pk, by=boss, emoji="👍")
    with pytest.raises(errors.NotYourMessage):
        delete_message(message_id=theirs.pk, by=mate)
    for message, nobody in [(first, superuser), (private, boss), (private, aide)]:
        with pytest.raises(NotFound):
            delete_message(message_id=message.pk, by=nobody)
    delete_message(message_id=first.pk, by=boss)
    delete_message(message_id=second.pk, by=aide)

    channel.refresh_from_db()
    assert channel.last_seq == 7
    assert list(ActivityEntry.objects.filter(type="message_removed").values_list("actor", "target_id", "details")) == [
        (aide.pk, str(second.pk), {"conversation": channel.pk, "sender": mate.pk}),
        (boss.pk, str(first.pk), {"conversation": channel.pk, "sender": mate.pk}),
    ]


def test_who_has_left_a_channel_has_no_part_in_it(channel, mate, say):
    message = say(mate, channel)
    Member.objects.filter(user=mate).delete()

    for act in (edit_message, delete_message, react):
        more = {edit_message: {"body": "x"}, react: {"emoji": "👍"}}.get(act, {})
        with pytest.raises(NotFound):
            act(message_id=message.pk, by=mate, **more)
    assert find_seen_message(mate, message.pk) is None


def test_who_blocked_somebody_hears_nothing_of_them(channel, boss, mate):
    block(boss, mate)

    admission = admit(boss, channel.pk)

    assert (admission.hides, admission.deaf_to) == (frozenset({mate.pk}), frozenset({mate.pk}))
    assert admit(mate, channel.pk).hides == frozenset()


def test_what_is_read_in_a_channel_is_remembered_and_never_moves_back(channel, boss, mate, say, stranger):
    for _ in range(3):
        say(boss, channel)

    assert [mark_channel_read(by=mate, channel_id=channel.channel_id, seq=seq) for seq in (0, 2, 1, 9)] == [0, 2, 2, 3]
    assert list(Participant.objects.values_list("user", "last_read_seq")) == [(mate.pk, 3)]
    with pytest.raises(NotFound):
        mark_channel_read(by=stranger, channel_id=channel.channel_id, seq=1)


def test_what_was_said_and_read_in_channels_is_exported_and_forgotten(channel, mate, boss, say):
    message = say(mate, channel, client_id="phone-7")
    mark_channel_read(by=mate, channel_id=channel.channel_id, seq=1)

    held = export_account(mate)
    anonymise_account(user=mate, by=mate)

    (row,) = held["messages"]
    assert (row["body"], row["kind"], row["channel"]) == ("Hello", "channel", channel.channel_id)
    assert held["channels"] == [{"channel": channel.channel_id, "last_read_seq": 1}]
    assert held["private_chats"] == []
    message.refresh_from_db()
    assert (message.body, message.client_id) == ("Hello", None)
    assert not Participant.objects.exists()
