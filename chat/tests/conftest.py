"""A venue with its group, two people with a private chat, and ways to say something in both."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Block, User
from chat.models import Conversation, Message
from chat.services.conversations import ensure_group, open_private_chat
from chat.services.posting import NewMessage, post_message
from venues.models import Certainty, Presence, VarId, Venue, Visit

Say = Callable[..., Message]
Arrive = Callable[..., Presence]


@pytest.fixture
def friend(make_user: Callable[..., User]) -> User:
    return make_user("bob")


@pytest.fixture
def other_owner(make_user: Callable[..., User]) -> User:
    return make_user("otto", "venue_owner")


@pytest.fixture
def venue(owner: User) -> Venue:
    return Venue.objects.create(name="The Anchor", owner=owner)


@pytest.fixture
def var_id(venue: Venue) -> VarId:
    return VarId.objects.create(venue=venue, value="v1", is_named=True, valid_from=timezone.now() - timedelta(hours=1))


@pytest.fixture
def group(venue: Venue) -> Conversation:
    return ensure_group(venue)


@pytest.fixture
def private_chat(customer: User, friend: User) -> Conversation:
    return open_private_chat(by=customer, username=friend.username).conversation


@pytest.fixture
def check_in(venue: Venue) -> Arrive:
    def arrive(user: User, at: Venue = venue) -> Presence:
        now = timezone.now()
        Visit.objects.create(user=user, venue=at, certainty=Certainty.QR, started_at=now)
        presence, _ = Presence.objects.update_or_create(
            user=user,
            defaults={"venue": at, "certainty": Certainty.QR, "since": now, "until": now + timedelta(hours=6)},
        )
        return presence

    return arrive


@pytest.fixture
def say() -> Say:
    """Store a message as its sender would."""

    def post(sender: User, conversation: Conversation, body: str = "Hello", client_id: str = "") -> Message:
        return post_message(NewMessage(conversation.pk, sender, body, client_id)).message

    return post


def block(blocker: User, blocked: User) -> None:
    Block.objects.create(blocker=blocker, blocked=blocked)


def spelled(moment: datetime) -> str:
    """As the API writes a time."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def shown(message: Message, **more: Any) -> dict[str, Any]:
    """As history shows a message."""
    return {
        "id": message.pk,
        "seq": message.seq,
        "sender": message.sender.username,
        "sender_id": message.sender_id,
        "message": message.body,
        "timestamp": spelled(message.created_at),
        **more,
    }
