"""A venue with its group, two people with a private chat, and ways to say something in both."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Block, User, UserType
from chat.models import Conversation, Message
from chat.services.conversations import ensure_channel_conversation, ensure_group, open_private_chat
from chat.services.posting import NewMessage, post_message
from venues.models import Certainty, Presence, VarId, Venue, Visit
from workspaces.models import Channel, ChannelMember, Member, Role, Workspace

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
        new = NewMessage(conversation.pk, sender, body, client_id, channel_id=conversation.channel_id)
        return post_message(new).message

    return post


@pytest.fixture
def boss(make_user: Callable[..., User]) -> User:
    """Owns `workspace`."""
    return make_user("bo", UserType.MEMBER)


@pytest.fixture
def workspace(boss: User) -> Workspace:
    workspace = Workspace.objects.create(name="Engineering Team", created_by=boss)
    join(workspace, boss, Role.OWNER)
    return workspace


@pytest.fixture
def mate(make_user: Callable[..., User], workspace: Workspace) -> User:
    """A member of `workspace`."""
    return join(workspace, make_user("mia", UserType.MEMBER))


@pytest.fixture
def aide(make_user: Callable[..., User], workspace: Workspace) -> User:
    """An admin of `workspace`."""
    return join(workspace, make_user("ada", UserType.MEMBER), Role.ADMIN)


@pytest.fixture
def channel(workspace: Workspace) -> Conversation:
    """The conversation of a public one."""
    return open_channel(workspace, "general")


@pytest.fixture
def private_channel(workspace: Workspace, mate: User) -> Conversation:
    """The conversation of one that only `mate` is in."""
    return open_channel(workspace, "leads", mate)


def join(workspace: Workspace, user: User, role: Role = Role.MEMBER) -> User:
    Member.objects.create(workspace=workspace, user=user, role=role)
    return user


def open_channel(workspace: Workspace, name: str, *inside: User) -> Conversation:
    """A private one for these people, or a public one."""
    channel = Channel.objects.create(
        workspace=workspace, name=name, created_by=workspace.created_by, is_private=bool(inside)
    )
    ChannelMember.objects.bulk_create(ChannelMember(channel=channel, user=user) for user in inside)
    return ensure_channel_conversation(channel.pk)


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
