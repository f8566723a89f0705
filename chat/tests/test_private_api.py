from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import Conversation, Participant
from chat.services.changes import delete_message, edit_message, react
from chat.services.conversations import mark_read, open_private_chat
from chat.tests.conftest import block, shown, spelled

pytestmark = pytest.mark.django_db


def test_a_chat_is_opened_once(as_user, customer, friend):
    created = as_user(customer).send("post", "/private/create/", {"username": "BOB"})
    again = as_user(friend).send("post", "/private/create", {"username": "ann"})

    chat = Conversation.objects.get()
    assert (created.status_code, created.json()) == (
        201,
        {"chat_id": chat.pk, "participants": ["ann", "bob"], "created_at": spelled(chat.created_at)},
    )
    assert (again.status_code, again.json()) == (200, created.json() | {"participants": ["bob", "ann"]})
    assert Participant.objects.count() == 2


@pytest.mark.parametrize(
    ("username", "status", "code"),
    [("nobody", 404, "not_found"), ("ann", 400, "chat_with_oneself"), ("gone", 404, "not_found")],
)
def test_no_chat_with_nobody_or_oneself(as_user, customer, make_user, username, status, code):
    make_user("gone", is_active=False)

    answer = as_user(customer).send("post", "/private/create/", {"username": username})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("blocked_asks", [True, False])
def test_blocked_users_open_no_chat(as_user, customer, friend, exists, blocked_asks):
    if exists:
        open_private_chat(by=customer, username="bob")
    block(customer, friend)

    by, other = (friend, "ann") if blocked_asks else (customer, "bob")
    answer = as_user(by).send("post", "/private/create/", {"username": other})

    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "You cannot write to each other.", "code": "blocked"},
    )
    assert Conversation.objects.count() == exists


def test_the_list_says_who_what_and_how_much_is_unread(as_user, customer, friend, stranger, private_chat, say):
    silent = open_private_chat(by=stranger, username="ann").conversation
    say(friend, private_chat, "read")
    say(customer, private_chat, "mine")
    read_up_to = say(friend, private_chat, "read too")
    edit_message(message_id=read_up_to.pk, by=friend, body="edited")
    mark_read(by=customer, chat_id=private_chat.pk, seq=read_up_to.seq)
    gone = say(friend, private_chat, "never mind")
    delete_message(message_id=gone.pk, by=friend)
    say(friend, private_chat, "unread")
    last = say(friend, private_chat, "unread too")

    answer = as_user(customer).send("get", "/private/list/")

    assert answer.status_code == 200
    assert answer.json() == {
        "chat_ids": [private_chat.pk, silent.pk],
        "chats": [
            {
                "chat_id": private_chat.pk,
                "participant": "bob",
                "participant_id": friend.pk,
                "last_message": shown(last),
                "unread_count": 2,
                "updated_at": spelled(last.created_at),
            },
            {
                "chat_id": silent.pk,
                "participant": "stranger",
                "participant_id": stranger.pk,
                "last_message": None,
                "unread_count": 0,
                "updated_at": spelled(silent.updated_at),
            },
        ],
    }
    assert as_user(friend).send("get", "/private/list/").json()["chats"][0]["unread_count"] == 1


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_costs_the_same_however_long(as_user, customer, make_user, say, n, django_assert_num_queries):
    """Session, page, others, unread, last messages."""
    for i in range(n):
        chat = open_private_chat(by=make_user(f"user{i}"), username="ann").conversation
        say(customer, chat)
    client = as_user(customer)

    with django_assert_num_queries(5):
        answer = client.send("get", "/private/list/")

    assert len(answer.json()["chats"]) == n


def test_the_list_is_paged_latest_first(as_user, customer, make_user, say):
    chats = [open_private_chat(by=customer, username=make_user(f"user{i}").username).conversation for i in range(3)]
    say(customer, chats[0])
    client = as_user(customer)

    first = client.send("get", "/private/list/?limit=2")
    second = client.send("get", first["Link"].split(">")[0].strip("<"))

    assert first.json()["chat_ids"] == [chats[0].pk, chats[2].pk]
    assert second.json()["chat_ids"] == [chats[1].pk]
    assert "Link" not in second


def test_history_is_the_newest_page_oldest_first(as_user, customer, friend, private_chat, say):
    messages = [say(friend, private_chat, text) for text in ("one", "two", "three")]
    edited = edit_message(message_id=messages[1].pk, by=friend, body="zwei")
    react(message_id=messages[1].pk, by=friend, emoji="👍")
    react(message_id=messages[1].pk, by=customer, emoji="👍")
    react(message_id=messages[1].pk, by=friend, emoji="🎯")
    delete_message(message_id=messages[2].pk, by=friend)
    for message in messages:
        message.refresh_from_db()

    answer = as_user(customer).send("get", f"/private/{private_chat.pk}/history/")

    assert answer.status_code == 200
    assert answer.json() == [
        shown(messages[0]),
        shown(
            messages[1],
            edited_at=spelled(edited.edited_at),
            reactions=[{"emoji": "👍", "count": 2, "mine": True}, {"emoji": "🎯", "count": 1, "mine": False}],
        ),
        shown(messages[2], deleted=True),
    ]
    assert answer.json()[2]["message"] == ""


@pytest.mark.parametrize(
    ("query", "seqs", "following"),
    [
        ("", [1, 2, 3, 4, 5], None),
        ("?limit=2", [4, 5], "before=4"),
        ("?limit=2&before=4", [2, 3], "before=2"),
        ("?limit=2&before=2", [1], None),
        ("?before=1", [], None),
        ("?since=0&limit=2", [1, 2], "since=2"),
        ("?since=3", [4, 5], None),
        ("?since=5", [], None),
        ("?since=1&before=4", [2, 3], None),
        ("?limit=5", [1, 2, 3, 4, 5], None),
        ("?limit=1000000", [1, 2, 3, 4, 5], None),
        (f"?before={2**63 - 1}", [1, 2, 3, 4, 5], None),
    ],
)
def test_history_is_read_in_windows(as_user, customer, private_chat, say, query, seqs, following):
    for i in range(5):
        say(customer, private_chat, str(i))

    answer = as_user(customer).send("get", f"/private/{private_chat.pk}/history/{query}")

    assert [row["seq"] for row in answer.json()] == seqs
    assert (following in answer["Link"]) if following else ("Link" not in answer)


@pytest.mark.parametrize("n", [1, 3])
def test_history_costs_the_same_however_long(as_user, customer, private_chat, say, n, django_assert_num_queries):
    """Session, conversation, messages, reactions."""
    for i in range(n):
        react(message_id=say(customer, private_chat, str(i)).pk, by=customer, emoji="👍")
    client = as_user(customer)

    with django_assert_num_queries(4):
        answer = client.send("get", f"/private/{private_chat.pk}/history/")

    assert len(answer.json()) == n


@pytest.mark.parametrize("steps", [[(2, 2)], [(2, 2), (1, 2)], [(9, 3)], [(0, 0)]])
def test_reading_moves_forward_only_and_not_beyond_the_end(as_user, customer, friend, private_chat, say, steps):
    for i in range(3):
        say(friend, private_chat, str(i))

    for seq, read in steps:
        answer = as_user(customer).send("post", f"/private/{private_chat.pk}/read/", {"seq": seq})

        assert (answer.status_code, answer.json()) == (200, {"seq": read})

    mine = Participant.objects.get(user=customer)
    assert mine.last_read_seq == steps[-1][1]


def test_a_message_is_edited_and_deleted_over_rest(as_user, customer, private_chat, say):
    message = say(customer, private_chat)
    client = as_user(customer)

    edited = client.send("patch", f"/messages/{message.pk}/", {"message": "Bye"})
    message.refresh_from_db()
    deleted = client.send("delete", f"/messages/{message.pk}/")

    assert (edited.status_code, edited.json()) == (200, shown(message, edited_at=spelled(message.edited_at)))
    assert message.body == "Bye"
    assert (deleted.status_code, deleted.content) == (204, b"")


def test_a_reaction_over_rest(as_user, friend, customer, private_chat, say):
    message = say(customer, private_chat)

    answers = [as_user(friend).send("post", f"/messages/{message.pk}/reactions/", {"emoji": "👍"}) for _ in range(2)]

    row = {"id": message.pk, "emoji": "👍", "user": "bob"}
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (200, row | {"seq": 2, "added": True}),
        (200, row | {"seq": 3, "added": False}),
    ]


def test_an_edit_too_late_is_refused(as_user, customer, private_chat, say, time_machine):
    time_machine.move_to(timezone.now() - timedelta(minutes=16), tick=False)
    message = say(customer, private_chat)
    time_machine.shift(timedelta(minutes=16))

    answer = as_user(customer).send("patch", f"/messages/{message.pk}/", {"message": "Bye"})

    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "A message can be edited for 15 minutes.", "code": "edit_too_late"},
    )
