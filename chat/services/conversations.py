"""Opening conversations, reading in them, and keeping order in a venue's group."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.selectors import are_blocked, find_user_named
from chat import events
from chat.errors import Blocked, CannotBeMuted, ChatWithOneself
from chat.models import Conversation, Mute, Participant
from chat.selectors.conversations import (
    find_group_of,
    get_conversation_for,
    get_conversation_of_channel_for,
    get_current_group_venue_for,
)
from chat.selectors.standing import manages
from core.errors import NotFound
from core.events import announce
from venues.models import Venue
from venues.selectors import get_managed_venue

LONGEST_MUTE_MINUTES = 30 * 24 * 60


@dataclass(frozen=True)
class OpenedChat:
    conversation: Conversation
    participants: tuple[User, User]
    is_new: bool


def open_private_chat(*, by: User, username: str) -> OpenedChat:
    """The conversation of these two; made if they have none, however often and at once it is asked for.

    Raises NotFound, ChatWithOneself, Blocked.
    """
    other = find_user_named(username)
    if other is None:
        raise NotFound
    if other.pk == by.pk:
        raise ChatWithOneself
    if are_blocked(by, other):
        raise Blocked
    pair = "-".join(str(user_id) for user_id in sorted((by.pk, other.pk)))
    existing = Conversation.objects.filter(pair=pair).first()
    if existing is not None:
        return OpenedChat(existing, (by, other), is_new=False)
    try:
        return OpenedChat(_create_private(pair, by, other), (by, other), is_new=True)
    except IntegrityError:
        return OpenedChat(Conversation.objects.get(pair=pair), (by, other), is_new=False)


def join_group(*, by: User, var_id: str) -> Conversation:
    """The group a current `var_id` opens for someone, made if nobody was in it yet. Raises NotFound and NotAtVenue."""
    return ensure_group(get_current_group_venue_for(by, var_id))


def ensure_group(venue: Venue) -> Conversation:
    """A venue's group, with the venue; made at the first call."""
    group = find_group_of(venue.pk) or _create_group(venue)
    group.venue = venue
    return group


def ensure_channel_conversation(channel_id: int) -> Conversation:
    """What is said in a channel is said there; made at the first call."""
    conversation, _ = Conversation.objects.get_or_create(
        channel_id=channel_id, defaults={"kind": Conversation.Kind.CHANNEL, "updated_at": timezone.now()}
    )
    return conversation


@transaction.atomic
def mark_channel_read(*, by: User, channel_id: int, seq: int) -> int:
    """Everything up to `seq` is read in a channel: nobody else is told. Returns up to where `by` has read now: that
    never moves back. Raises NotFound.
    """
    conversation = get_conversation_of_channel_for(by, channel_id)
    seq = min(seq, conversation.last_seq)
    Participant.objects.get_or_create(conversation=conversation, user=by)
    mine = Participant.objects.filter(conversation=conversation, user=by)
    mine.filter(last_read_seq__lt=seq).update(last_read_seq=seq)
    return mine.values_list("last_read_seq", flat=True).get()


@transaction.atomic
def mark_read(*, by: User, chat_id: int, seq: int) -> int:
    """Everything up to `seq` is read. Returns up to where `by` has read now: that never moves back. Raises NotFound."""
    conversation = get_conversation_for(by, chat_id)
    seq = min(seq, conversation.last_seq)
    mine = Participant.objects.filter(conversation=conversation, user=by)
    if mine.filter(last_read_seq__lt=seq).update(last_read_seq=seq):
        announce(events.MessagesRead(conversation.pk, by.pk, by.username, seq))
        return seq
    return mine.values_list("last_read_seq", flat=True).get()


@transaction.atomic
def mute(*, by: User, venue_id: int, username: str, minutes: int) -> Mute:
    """Keep someone from writing in the venue's group for so long from now; 0 lets them write again.

    Raises NotFound for a venue that is not `by`'s or an unknown user, CannotBeMuted.
    """
    venue = get_managed_venue(by, venue_id)
    user = find_user_named(username)
    if user is None:
        raise NotFound
    if manages(user, venue):
        raise CannotBeMuted
    conversation = _lock_group(venue)
    until = timezone.now() + timedelta(minutes=minutes)
    muted, _ = Mute.objects.update_or_create(conversation=conversation, user=user, defaults={"until": until, "by": by})
    announce(events.Muted(conversation.pk, user.pk, until, by.pk))
    return muted


@transaction.atomic
def close_group(*, by: User, venue_id: int) -> Conversation:
    """Nobody can write in the venue's group until it is opened again. Raises NotFound."""
    conversation = _lock_group(get_managed_venue(by, venue_id))
    if conversation.closed_at is None:
        _set_closed(conversation, timezone.now())
        announce(events.GroupClosed(conversation.pk, by.pk))
    return conversation


@transaction.atomic
def open_group(*, by: User, venue_id: int) -> Conversation:
    """The opposite of `close_group`. Raises NotFound."""
    conversation = _lock_group(get_managed_venue(by, venue_id))
    if conversation.closed_at is not None:
        _set_closed(conversation, None)
        announce(events.GroupOpened(conversation.pk, by.pk))
    return conversation


def _create_group(venue: Venue) -> Conversation:
    """Of two who make it at once, one does."""
    conversation, _ = Conversation.objects.get_or_create(
        venue=venue, defaults={"kind": Conversation.Kind.GROUP, "updated_at": timezone.now()}
    )
    return conversation


@transaction.atomic
def _create_private(pair: str, by: User, other: User) -> Conversation:
    conversation = Conversation.objects.create(kind=Conversation.Kind.PRIVATE, pair=pair, updated_at=timezone.now())
    Participant.objects.bulk_create([Participant(conversation=conversation, user=user) for user in (by, other)])
    announce(events.PrivateChatOpened(conversation.pk, by.pk, other.pk))
    return conversation


def _lock_group(venue: Venue) -> Conversation:
    return Conversation.objects.select_for_update(no_key=True).get(pk=ensure_group(venue).pk)


def _set_closed(conversation: Conversation, closed_at: datetime | None) -> None:
    conversation.closed_at = closed_at
    conversation.save(update_fields=["closed_at"])
