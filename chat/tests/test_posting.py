from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from chat import errors
from chat.events import MessagesPosted, PostedMessage
from chat.models import Conversation, Message
from chat.services.conversations import close_group, mute, open_private_chat
from chat.services.posting import NewMessage, Posted, post_messages
from chat.tests.conftest import block
from core import events
from core.errors import DomainError, NotFound

pytestmark = pytest.mark.django_db


def outcome(result):
    """What became of a message, for comparison."""
    return type(result) if isinstance(result, DomainError) else (result.message.seq, result.is_new)


@pytest.fixture
def announced(monkeypatch):
    heard = []
    monkeypatch.setitem(events._in_transaction, MessagesPosted, [heard.append])
    return heard


def test_messages_take_the_next_seqs_of_their_conversations_in_the_order_given(
    private_chat, group, customer, friend, check_in, announced
):
    check_in(customer)

    results = post_messages(
        [
            NewMessage(private_chat.pk, customer, "one"),
            NewMessage(group.pk, customer, "uno"),
            NewMessage(private_chat.pk, friend, "two"),
        ]
    )

    assert [outcome(result) for result in results] == [(1, True), (1, True), (2, True)]
    assert list(Message.objects.order_by("pk").values_list("conversation", "seq", "sender", "body")) == [
        (private_chat.pk, 1, customer.pk, "one"),
        (group.pk, 1, customer.pk, "uno"),
        (private_chat.pk, 2, friend.pk, "two"),
    ]
    assert dict(Conversation.objects.values_list("pk", "last_seq")) == {private_chat.pk: 2, group.pk: 1}
    assert announced == [
        MessagesPosted(
            tuple(
                PostedMessage(
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
                for message in Message.objects.order_by("pk")
            )
        )
    ]


def test_posting_moves_the_conversation_up(private_chat, customer, say):
    message = say(customer, private_chat)

    private_chat.refresh_from_db()
    assert private_chat.updated_at == message.created_at


def test_one_bad_item_spoils_nothing(
    private_chat, group, customer, friend, stranger, owner, superuser, check_in, announced
):
    check_in(customer)
    check_in(friend)
    mute(by=owner, venue_id=group.venue_id, username=friend.username, minutes=5)

    results = post_messages(
        [
            NewMessage(private_chat.pk, stranger, "not a participant"),
            NewMessage(private_chat.pk, superuser, "nor is a superuser"),
            NewMessage(private_chat.pk, customer, "fine"),
            NewMessage(private_chat.pk, customer, "  \n"),
            NewMessage(private_chat.pk, customer, "x" * 4001),
            NewMessage(private_chat.pk, customer, "nul \x00"),
            NewMessage(private_chat.pk, customer, "half \ud83d"),
            NewMessage(private_chat.pk, customer, "bad name", client_id="x" * 65),
            NewMessage(private_chat.pk, customer, "bad name", client_id="\x00"),
            NewMessage(private_chat.pk, customer, "bad name", client_id="\ud83d"),
            NewMessage(0, customer, "nowhere"),
            NewMessage(group.pk, friend, "muted"),
            NewMessage(group.pk, stranger, "elsewhere"),
            NewMessage(group.pk, customer, "here"),
            NewMessage(group.pk, owner, "mine"),
            NewMessage(group.pk, superuser, "everywhere"),
        ]
    )

    assert [outcome(result) for result in results] == [
        NotFound,
        NotFound,
        (1, True),
        errors.MessageRefused,
        errors.MessageRefused,
        errors.MessageRefused,
        errors.MessageRefused,
        errors.ClientIdRefused,
        errors.ClientIdRefused,
        errors.ClientIdRefused,
        NotFound,
        errors.Muted,
        errors.NotAtVenue,
        (1, True),
        (2, True),
        (3, True),
    ]
    assert Message.objects.count() == 4
    assert len(announced) == 1


def test_a_muted_sender_learns_until_when(group, customer, owner, check_in):
    check_in(customer)
    muted = mute(by=owner, venue_id=group.venue_id, username=customer.username, minutes=5)

    (refusal,) = post_messages([NewMessage(group.pk, customer, "Hello")])

    assert (refusal.code, refusal.details) == ("muted", {"until": muted.until})


def test_a_mute_ends_by_itself(group, customer, owner, check_in, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    check_in(customer)
    mute(by=owner, venue_id=group.venue_id, username=customer.username, minutes=5)

    time_machine.shift(timedelta(minutes=5))

    assert [outcome(result) for result in post_messages([NewMessage(group.pk, customer, "Hello")])] == [(1, True)]


def test_nobody_writes_in_a_closed_group(group, customer, owner, check_in):
    check_in(customer)
    close_group(by=owner, venue_id=group.venue_id)

    results = post_messages([NewMessage(group.pk, customer, "Hello"), NewMessage(group.pk, owner, "Hello")])

    assert [outcome(result) for result in results] == [errors.GroupClosed, errors.GroupClosed]


@pytest.mark.parametrize("blocker_writes", [True, False])
def test_blocked_users_cannot_write_to_each_other(private_chat, customer, friend, blocker_writes):
    block(customer, friend)
    sender = customer if blocker_writes else friend

    results = post_messages([NewMessage(private_chat.pk, sender, "Hello")])

    assert [outcome(result) for result in results] == [errors.Blocked]
    assert Message.objects.count() == 0


def test_blocks_of_others_do_not_matter(private_chat, customer, friend, stranger):
    block(customer, stranger)
    block(stranger, friend)

    results = post_messages([NewMessage(private_chat.pk, customer, "Hello")])

    assert [outcome(result) for result in results] == [(1, True)]


def test_a_client_id_is_stored_once(private_chat, customer, friend, announced):
    first = NewMessage(private_chat.pk, customer, "Hello", client_id="a")

    results = [
        *post_messages([first, first]),
        *post_messages([first, NewMessage(private_chat.pk, friend, "Hello", client_id="a")]),
    ]

    assert [outcome(result) for result in results] == [(1, True), (1, False), (1, False), (2, True)]
    assert len({result.message.pk for result in results[:3]}) == 1
    assert Message.objects.count() == 2
    assert [len(event.messages) for event in announced] == [1, 1]


def test_a_repetition_is_acknowledged_among_new_messages(private_chat, customer, friend, announced):
    """The database refuses the batch at first, and it is stored again without the repetition."""
    stored = NewMessage(private_chat.pk, customer, "Hello", client_id="a")
    post_messages([stored])

    results = post_messages(
        [
            NewMessage(private_chat.pk, friend, "Hi", client_id="b"),
            stored,
            NewMessage(private_chat.pk, customer, "You?"),
        ]
    )

    assert [outcome(result) for result in results] == [(2, True), (1, False), (3, True)]
    assert list(Message.objects.order_by("seq").values_list("body", flat=True)) == ["Hello", "Hi", "You?"]
    assert [len(event.messages) for event in announced] == [1, 2]


def test_a_client_id_belongs_to_its_conversation(private_chat, group, customer, check_in):
    check_in(customer)

    results = post_messages(
        [NewMessage(private_chat.pk, customer, "a", client_id="a"), NewMessage(group.pk, customer, "b", client_id="a")]
    )

    assert [outcome(result) for result in results] == [(1, True), (1, True)]


def test_a_repetition_is_acknowledged_even_when_its_sender_may_no_longer_write(private_chat, customer, friend, say):
    stored = say(customer, private_chat, client_id="a")
    block(friend, customer)

    (result,) = post_messages([NewMessage(private_chat.pk, customer, "Hello", client_id="a")])

    assert result == Posted(stored, is_new=False)


def test_nothing_is_announced_when_nothing_is_stored(private_chat, stranger, announced):
    post_messages([NewMessage(private_chat.pk, stranger, "Hello")])

    assert announced == []
    assert post_messages([]) == []


def test_what_the_database_refuses_spoils_nothing(private_chat, customer, say, caplog):
    """A counter that was set back by hand makes the next numbers taken ones."""
    say(customer, private_chat, "one")
    Conversation.objects.filter(pk=private_chat.pk).update(last_seq=0)

    results = post_messages(
        [NewMessage(private_chat.pk, customer, "two"), NewMessage(private_chat.pk, customer, "three")]
    )

    assert [outcome(result) for result in results] == [errors.NotStored, errors.NotStored]
    assert "a message could not be stored" in caplog.text
    assert list(Message.objects.values_list("body", flat=True)) == ["one"]


@pytest.mark.parametrize("n", [1, 3])
def test_a_batch_costs_the_same_queries_however_long(
    n, make_user, customer, group, check_in, django_assert_num_queries
):
    """Savepoint, lock, blocks, presence, mutes, insert, count, release; on PostgreSQL all in one between the two."""
    check_in(customer)
    rooms = [group] + [
        open_private_chat(by=customer, username=make_user(f"user{i}").username).conversation for i in range(n)
    ]

    with django_assert_num_queries(3 if connection.vendor == "postgresql" else 8):
        post_messages([NewMessage(room.pk, customer, "Hello", client_id="a") for room in rooms])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite judges each by itself")
def test_whoever_may_write_is_stored_in_one_statement(
    group, private_chat, customer, owner, superuser, check_in, django_assert_num_queries
):
    check_in(customer)
    saying = [(private_chat, customer), (group, customer), (group, owner), (group, superuser)]

    for room, user in saying:
        with django_assert_num_queries(3):
            (result,) = post_messages([NewMessage(room.pk, user, "Hello")])
        assert isinstance(result, Posted)
