"""Whether somebody may listen in a conversation: when they come, and again whenever something has changed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import BigIntegerField

from accounts.models import User
from accounts.selectors import are_blocked, whom_blocks
from chat.models import Conversation
from chat.selectors.standing import is_open_to, manages
from core.errors import NotFound
from core.prepared import Prepared, Slot
from venues.models import Venue
from venues.selectors import find_presence
from workspaces.selectors import channels_open_among


@dataclass(frozen=True, kw_only=True)
class Hiding:
    """`hides` are those whose messages, and `deaf_to` those whose whispers are kept from this listener."""

    hides: frozenset[int] = frozenset()
    deaf_to: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Admission(Hiding):
    """`until` may change and is to be looked at again then."""

    conversation_id: int
    until: datetime | None = None


@dataclass(frozen=True)
class ChannelsAdmission(Hiding):
    """The channels that are open, of those asked for."""

    channel_ids: frozenset[int]


_conversation = Prepared(
    lambda: Conversation.objects.select_related("venue").filter(pk=Slot("id", BigIntegerField())).order_by()
)


def admit(user: User, conversation_id: int) -> Admission:
    """Raises NotFound for who may not, or no longer, listen there."""
    conversation = _conversation.first(id=conversation_id)
    if conversation is None:
        raise NotFound
    return admit_to(user, conversation)


def admit_to(user: User, conversation: Conversation) -> Admission:
    """The same, for one that was just read."""
    if conversation.venue is not None:
        return _admit_to_group(user, conversation.pk, conversation.venue)
    if conversation.channel_id is not None:
        return _admit_to_channel(user, conversation.pk, conversation.channel_id)
    return _admit_to_private(user, conversation)


def admit_to_channels(user: User, channel_ids: Collection[int]) -> ChannelsAdmission:
    """The same for many channels at once, in two queries."""
    pairs = channels_open_among([user.pk], channel_ids)
    blocked = whom_blocks(user)
    return ChannelsAdmission(frozenset(channel_id for _, channel_id in pairs), hides=blocked, deaf_to=blocked)


def _admit_to_group(user: User, conversation_id: int, venue: Venue) -> Admission:
    until = None if manages(user, venue) else _present_until(user, venue)
    blocked = whom_blocks(user)
    return Admission(conversation_id, until=until, hides=blocked, deaf_to=blocked)


def _admit_to_channel(user: User, conversation_id: int, channel_id: int) -> Admission:
    if not is_open_to(user, channel_id):
        raise NotFound
    blocked = whom_blocks(user)
    return Admission(conversation_id, hides=blocked, deaf_to=blocked)


def _present_until(user: User, venue: Venue) -> datetime:
    presence = find_presence(user)
    if presence is None or presence.venue_id != venue.pk:
        raise NotFound
    return presence.until


def _admit_to_private(user: User, conversation: Conversation) -> Admission:
    """What was said stays; of who may not be written to, nothing more is heard."""
    if user.pk not in conversation.pair_ids:
        raise NotFound
    (other_id,) = conversation.pair_ids - {user.pk}
    apart = are_blocked(user, User(pk=other_id))
    return Admission(conversation.pk, deaf_to=frozenset({other_id} if apart else ()))
