from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Report, User
from accounts.services.blocks import report_user
from chat.models import Change, Conversation, Message, Mute
from chat.tests.conftest import Arrive, Say

ASKED = {"_form_submitted": "on"}


def act(client: Client, page: str, action: str, *rows: Any) -> list[str]:
    ticked = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = client.post(reverse(f"admin:{page}_changelist"), ticked, follow=True)
    return [str(message) for message in response.context["messages"]]


def press(client: Client, page: str, action: str, row: Any) -> None:
    client.post(reverse(f"admin:{page}_{action}", args=[row.pk]), ASKED)


def shown(client: Client, page: str, *rows: Any, **query: str) -> str:
    name = f"admin:{page}_change" if rows else f"admin:{page}_changelist"
    return client.get(reverse(name, args=[row.pk for row in rows]), query).content.decode()


def test_a_report_shows_its_evidence_and_is_resolved(
    customer: User, friend: User, private_chat: Conversation, say: Say, visitor: Client
) -> None:
    rude = say(friend, private_chat, "Something rude")
    complaint = report_user(reported=friend, reason="Rude.", message_id=rude.pk, by=customer)

    page = shown(visitor, "accounts_report", complaint)
    act(visitor, "accounts_report", "resolve", complaint)
    resolved = Report.objects.get().resolved_at
    act(visitor, "accounts_report", "reopen", complaint)
    opened = Report.objects.get().resolved_at
    press(visitor, "accounts_report", "resolve_this", complaint)

    assert "Something rude" in page
    assert resolved is not None
    assert opened is None
    assert Report.objects.get().resolved_at is not None


def test_what_is_said_in_private_is_neither_shown_nor_found(
    customer: User, private_chat: Conversation, say: Say, visitor: Client
) -> None:
    whisper = say(customer, private_chat, "Between the two of us")

    assert "Between the two" not in shown(visitor, "chat_message")
    assert "(private)" in shown(visitor, "chat_message")
    assert "Between the two" not in shown(visitor, "chat_message", whisper)
    assert "(private)" not in shown(visitor, "chat_message", q="Between")
    assert act(visitor, "chat_message", "unsay", whisper) == [f"{whisper}: Not found."]
    assert Message.objects.get().body == "Between the two of us"


def test_a_groups_messages_are_found_and_unsaid(
    customer: User, group: Conversation, check_in: Arrive, say: Say, visitor: Client
) -> None:
    check_in(customer)
    first, second = say(customer, group, "Cheap watches"), say(customer, group, "More watches")

    found = shown(visitor, "chat_message", q="cheap")
    act(visitor, "chat_message", "unsay", first)
    press(visitor, "chat_message", "unsay_this", second)

    assert "Cheap watches" in found
    assert "More watches" not in found
    assert [message.body for message in Message.objects.all()] == ["", ""]
    assert Change.objects.filter(kind=Change.Kind.DELETED).count() == 2


def test_a_group_is_closed_and_opened(group: Conversation, visitor: Client) -> None:
    seen = []
    for action in ("close", "open"):
        act(visitor, "chat_conversation", action, group)
        seen.append(Conversation.objects.get().closed_at is None)
    for action in ("close_this", "open_this"):
        press(visitor, "chat_conversation", action, group)
        seen.append(Conversation.objects.get().closed_at is None)

    assert seen == [False, True, False, True]


def test_a_private_chat_is_not_closed(private_chat: Conversation, visitor: Client) -> None:
    told = act(visitor, "chat_conversation", "close", private_chat)

    assert told == [f"{private_chat}: This is done in a venue's group only."]
    assert Conversation.objects.get().closed_at is None


def test_someone_is_muted_for_longer_and_let_write_again(
    customer: User, group: Conversation, superuser: User, visitor: Client
) -> None:
    add = reverse("admin:chat_mute_add")
    visitor.post(add, {"conversation": group.pk, "user": customer.pk, "minutes": "5"})
    first = Mute.objects.get()
    visitor.post(add, {"conversation": group.pk, "user": customer.pk, "minutes": "60"})
    longer = Mute.objects.get()
    visitor.post(reverse("admin:chat_mute_change", args=[first.pk]), {"minutes": "90"})
    longest = Mute.objects.get()
    act(visitor, "chat_mute", "lift", longest)

    assert first.by == superuser
    assert first.until < longer.until < longest.until
    assert Mute.objects.get().until < first.until


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"minutes": "-1"}, ["minutes"]),
        ({"minutes": "9" * 30}, ["minutes"]),
        ({"minutes": "x"}, ["minutes"]),
        ({"user": "0"}, ["user"]),
        ({"user": ""}, ["user"]),
        ({"conversation": "0"}, ["conversation"]),
    ],
)
def test_a_bad_mute_is_refused(
    changes: dict[str, str], errors: list[str], customer: User, group: Conversation, visitor: Client
) -> None:
    body = {"conversation": group.pk, "user": customer.pk, "minutes": "5"} | changes

    response = visitor.post(reverse("admin:chat_mute_add"), body)

    assert list(response.context["adminform"].form.errors) == errors
    assert not Mute.objects.exists()


def test_the_owner_and_people_in_private_chats_are_not_muted(
    customer: User, owner: User, group: Conversation, private_chat: Conversation, visitor: Client
) -> None:
    add = reverse("admin:chat_mute_add")

    boss = visitor.post(add, {"conversation": group.pk, "user": owner.pk, "minutes": "5"})
    private = visitor.post(add, {"conversation": private_chat.pk, "user": customer.pk, "minutes": "5"})

    errors = [answer.context["adminform"].form.errors for answer in (boss, private)]
    assert errors == [
        {"__all__": ["The venue's owner and superusers cannot be muted."]},
        {"__all__": ["This is done in a venue's group only."]},
    ]
    assert not Mute.objects.exists()


def test_only_groups_are_offered_for_muting(group: Conversation, private_chat: Conversation, visitor: Client) -> None:
    field = {"app_label": "chat", "model_name": "mute", "field_name": "conversation", "term": ""}

    offered = visitor.get(reverse("admin:autocomplete"), field).json()

    assert [row["id"] for row in offered["results"]] == [str(group.pk)]
