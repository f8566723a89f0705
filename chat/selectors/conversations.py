"""Which conversations someone may see."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Count, F, OuterRef, QuerySet, Subquery

from accounts.models import User
from chat.errors import NotAtVenue, VarIdExpired
from chat.models import Conversation, Message, Participant
from chat.selectors.standing import manages
from core.errors import NotFound
from core.prepared import ListSlot, OneOf, Prepared, Slot
from venues.errors import VarIdNotCurrent
from venues.models import VarId, Venue
from venues.selectors import find_presence, find_var_id, get_current_var_id, var_ids_current
from workspaces.selectors import get_channel_for


@dataclass(frozen=True)
class PrivateChat:
    """A private conversation as one of the two sees it in their list."""

    chat_id: int
    participant: User
    last_message: Message | None
    unread_count: int
    updated_at: datetime


def private_chats_of(user: User) -> QuerySet[Conversation]:
    return Conversation.objects.filter(kind=Conversation.Kind.PRIVATE, participants__user=user)


_private_chat = Prepared(
    lambda: Conversation.objects.filter(
        kind=Conversation.Kind.PRIVATE,
        participants__user=Slot("user_id", BigIntegerField()),
        pk=Slot("id", BigIntegerField()),
    ).order_by()
)


def get_conversation_for(user: User, chat_id: int) -> Conversation:
    """The private conversation clients call `chat_id`, if `user` takes part in it. Raises NotFound."""
    conversation = _private_chat.first(id=chat_id, user_id=user.pk)
    if conversation is None:
        raise NotFound
    return conversation


_group = Prepared(lambda: Conversation.objects.filter(venue=Slot("venue_id", BigIntegerField())).order_by())


def find_group_of(venue_id: int) -> Conversation | None:
    """The venue's group, if anybody was ever in it."""
    return _group.first(venue_id=venue_id)


_of_channel = Prepared(lambda: Conversation.objects.filter(channel=Slot("channel_id", BigIntegerField())).order_by())


def find_conversation_of_channel(channel_id: int) -> Conversation | None:
    """For whoever may: that is for the channel to say."""
    return _of_channel.first(channel_id=channel_id)


def get_conversation_of_channel_for(user: User, channel_id: int) -> Conversation:
    """With its channel. Raises NotFound for a channel that is not open to `user`."""
    channel = get_channel_for(user, channel_id)
    conversation = find_conversation_of_channel(channel_id)
    if conversation is None:
        raise NotFound
    conversation.channel = channel
    return conversation


def channels_of(workspace_ids: Collection[int]) -> dict[int, int]:
    """The conversations of the channels of these workspaces, deleted ones too, each with the workspace's id."""
    return dict(_channels_of.rows(ids=workspace_ids))


_channels_of = Prepared(lambda: _of("channel__workspace"))


def conversations_of_workspace(workspace_id: int) -> list[int]:
    """The ids of its channels' conversations, deleted ones' too."""
    rows = Conversation.objects.filter(channel__workspace=workspace_id)
    return list(rows.order_by().values_list("pk", flat=True))


def groups_of(venue_ids: Collection[int]) -> dict[int, int]:
    """The venue of each group that these venues have, by the group's id."""
    return dict(_groups_of.rows(ids=venue_ids))


_groups_of = Prepared(lambda: _of("venue"))


def _of(what: str) -> QuerySet[Any, Any]:
    """Of those whose ids each run brings: the conversation's id, and whose it is."""
    conversations = Conversation.objects.filter(OneOf(what, ListSlot("ids"))).order_by()
    rows: QuerySet[Any, Any] = conversations.values_list("pk", what)
    return rows


def get_group_venue_for(user: User, var_id: str) -> Venue:
    """The venue whose group `var_id` opens for `user`: the owner, a superuser, or who is there now.

    One that has expired still opens it for them. Raises NotFound if there never was such a var_id (or the venue is
    closed), VarIdExpired and NotAtVenue for who is elsewhere.
    """
    known = find_var_id(var_id)
    if known is None:
        raise NotFound
    return _venue_opened_to(user, known)


def get_current_group_venue_for(user: User, var_id: str) -> Venue:
    """The same, for a var_id that must be current. Raises NotFound and NotAtVenue."""
    try:
        known = get_current_var_id(var_id)
    except VarIdNotCurrent:
        raise NotFound from None
    return _venue_opened_to(user, known)


def describe_private_chats(user: User, conversations: Sequence[Conversation]) -> list[PrivateChat]:
    """What `user` sees of each of their private conversations, in the order given, in three queries."""
    others = _others(user, conversations)
    unread = _unread_counts(user, conversations)
    last = _last_messages(conversations)
    return [
        PrivateChat(
            chat_id=conversation.pk,
            participant=others[conversation.pk],
            last_message=last.get(conversation.pk),
            unread_count=unread.get(conversation.pk, 0),
            updated_at=conversation.updated_at,
        )
        for conversation in conversations
    ]


def _others(user: User, conversations: Sequence[Conversation]) -> dict[int, User]:
    participants = Participant.objects.filter(conversation__in=conversations).exclude(user=user)
    return {row.conversation_id: row.user for row in participants.select_related("user")}


def _unread_counts(user: User, conversations: Sequence[Conversation]) -> dict[int, int]:
    """Others' messages above what the user has read; a deleted one no longer counts."""
    unread = Message.objects.filter(
        conversation__in=conversations,
        conversation__participants__user=user,
        seq__gt=F("conversation__participants__last_read_seq"),
        deleted_at=None,
    )
    return dict(unread.exclude(sender=user).values_list("conversation_id").annotate(Count("pk")))


def _last_messages(conversations: Sequence[Conversation]) -> dict[int, Message]:
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-seq").values("pk")[:1]
    keys = Conversation.objects.filter(pk__in=[row.pk for row in conversations]).values(newest=Subquery(newest))
    messages = Message.objects.filter(pk__in=keys).select_related("sender")
    return {message.conversation_id: message for message in messages}


def _venue_opened_to(user: User, known: VarId) -> Venue:
    if manages(user, known.venue):
        return known.venue
    if known.venue.status == Venue.Status.CLOSED:
        raise NotFound
    presence = find_presence(user)
    if presence is not None and presence.venue_id == known.venue_id:
        return known.venue
    raise NotAtVenue if var_ids_current().filter(pk=known.pk).exists() else VarIdExpired
