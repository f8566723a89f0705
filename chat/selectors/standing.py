"""Who may write where, judged for many at once: the facts are loaded for a whole batch, the rule is asked per item."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from accounts.selectors import blocks_among
from chat.errors import Blocked, GroupClosed, Muted, NotAtVenue
from chat.models import Conversation, Mute
from core import sql
from core.errors import DomainError, NotFound
from venues.models import Venue
from venues.selectors import presences_of
from workspaces.selectors import channels_open_among, runs_workspace


@dataclass(frozen=True)
class Standing:
    """What the rule needs to know: (blocker, blocked), (user, venue), until when by (conversation, user), and
    (user, channel).
    """

    blocks: frozenset[tuple[int, int]]
    presences: frozenset[tuple[int, int]]
    mutes: Mapping[tuple[int, int], datetime]
    channels: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Place:
    """What the rule needs to know of a conversation; `pair_ids` are the two of a private one."""

    conversation_id: int
    pair_ids: frozenset[int]
    venue_id: int | None
    owner_id: int | None
    channel_id: int | None
    is_closed: bool

    @classmethod
    def of(cls, conversation: Conversation) -> "Place":
        venue = conversation.venue
        return cls(
            conversation_id=conversation.pk,
            pair_ids=conversation.pair_ids,
            venue_id=venue.pk if venue else None,
            owner_id=venue.owner_id if venue else None,
            channel_id=conversation.channel_id,
            is_closed=conversation.closed_at is not None,
        )


def load_standing(attempts: Iterable[tuple[User, Place]]) -> Standing:
    """The facts for these people wanting to write in these places, in four queries at most.

    What a conversation itself says (closed, muted) is certain only while its lock is held.
    """
    in_private: set[int] = set()
    in_groups: set[tuple[int, int]] = set()
    in_channels: set[tuple[int, int]] = set()
    for user, place in attempts:
        if place.channel_id is not None:
            in_channels.add((place.channel_id, user.pk))
        elif place.venue_id is None:
            in_private |= place.pair_ids
        else:
            in_groups.add((place.conversation_id, user.pk))
    writers = {user_id for _, user_id in in_groups}
    return Standing(
        blocks=blocks_among(in_private) if in_private else frozenset(),
        presences=presences_of(writers) if in_groups else frozenset(),
        mutes=_mutes(in_groups) if in_groups else {},
        channels=_channels(in_channels) if in_channels else frozenset(),
    )


def find_refusal(user: User, place: Place, standing: Standing) -> DomainError | None:
    """Why `user` may not write there; None if they may."""
    if place.channel_id is not None:
        return None if (user.pk, place.channel_id) in standing.channels else NotFound()
    if place.venue_id is None:
        return _private_refusal(user, place, standing)
    return _group_refusal(user, place, standing)


def check_may_write(user: User, conversation: Conversation) -> None:
    """Raises NotFound, Blocked, NotAtVenue, Muted or GroupClosed."""
    place = Place.of(conversation)
    refusal = find_refusal(user, place, load_standing([(user, place)]))
    if refusal is not None:
        raise refusal


def manages(user: User, venue: Venue) -> bool:
    return user.is_superuser or venue.owner_id == user.pk


def is_open_to(user: User, channel_id: int) -> bool:
    """Whether they may read and write in that channel."""
    return (user.pk, channel_id) in channels_open_among([user.pk], [channel_id])


def moderates(user: User, conversation: Conversation) -> bool:
    """Whether they may unsay what others said there: in a venue's group its owner and superusers, in a channel who
    runs its workspace.
    """
    if conversation.channel is not None:
        return runs_workspace(user, conversation.channel.workspace_id)
    return conversation.venue is not None and manages(user, conversation.venue)


def _private_refusal(user: User, place: Place, standing: Standing) -> DomainError | None:
    if user.pk not in place.pair_ids:
        return NotFound()
    one, other = place.pair_ids
    return Blocked() if {(one, other), (other, one)} & standing.blocks else None


def _group_refusal(user: User, place: Place, standing: Standing) -> DomainError | None:
    if place.is_closed:
        return GroupClosed()
    if place.venue_id is None or user.is_superuser or place.owner_id == user.pk:
        return None
    if (user.pk, place.venue_id) not in standing.presences:
        return NotAtVenue()
    muted_until = standing.mutes.get((place.conversation_id, user.pk))
    return Muted(muted_until) if muted_until else None


def _channels(in_channels: set[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    channel_ids, user_ids = ({pair[half] for pair in in_channels} for half in (0, 1))
    return channels_open_among(user_ids, channel_ids)


def _mutes(in_groups: set[tuple[int, int]]) -> dict[tuple[int, int], datetime]:
    """Hardly anybody is muted, so the rows themselves are seldom read."""
    conversation_ids = sql.listed({conversation_id for conversation_id, _ in in_groups})
    user_ids = sql.listed({user_id for _, user_id in in_groups})
    statement = f"""
        SELECT id FROM chat_mute WHERE {sql.one_of("conversation_id")} AND {sql.one_of("user_id")} AND until > %s
        """  # noqa: S608 - what is put in here are names
    found = sql.fetch(statement, conversation_ids, user_ids, sql.as_time(timezone.now()))
    mutes = Mute.objects.filter(pk__in=[mute_id for (mute_id,) in found]) if found else ()
    return {(mute.conversation_id, mute.user_id): mute.until for mute in mutes}
