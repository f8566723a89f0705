"""What was said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import BigIntegerField, Count, Max, Q, QuerySet

from accounts.models import User
from accounts.selectors import blocked_by
from chat.models import Conversation, Message, Reaction
from chat.selectors.conversations import get_conversation_for, get_conversation_of_channel_for, get_group_venue_for
from chat.selectors.standing import is_open_to, manages
from chat.selectors.words import saying
from core.errors import NotFound
from core.pagination import MAXIMUM_LIMIT
from core.prepared import Prepared, Slot
from venues.models import Venue
from venues.selectors import find_presence, visits_by
from workspaces.selectors import channels_open_to, get_workspace_for


@dataclass(frozen=True)
class Window:
    """Which part of a history: the newest before a seq, or the oldest after one."""

    limit: int
    before: int | None = None
    since: int | None = None

    @property
    def size(self) -> int:
        return min(self.limit, MAXIMUM_LIMIT)


@dataclass(frozen=True)
class HistoryPage:
    """Messages, oldest first. `has_more` lie beyond the page in the direction it was asked for."""

    messages: list[Message]
    has_more: bool


@dataclass(frozen=True)
class ReactionCount:
    emoji: str
    count: int
    mine: bool


def private_history(user: User, chat_id: int, window: Window) -> HistoryPage:
    """Raises NotFound for who takes no part."""
    conversation = get_conversation_for(user, chat_id)
    before, since = _slot("before", window.before), _slot("since", window.since)
    shape = (window.size, before is None, since is None)
    messages = _said.changed(shape, lambda rows: _cut(rows, window.size, before=before, since=since))
    found = messages.all(conversation_id=conversation.pk, before=window.before, since=window.since)
    return _page(found, window)


def group_history(user: User, var_id: str, window: Window) -> HistoryPage:
    """Without the messages of those `user` has blocked. Raises NotFound, NotAtVenue, VarIdExpired."""
    venue = get_group_venue_for(user, var_id)
    conversation = Conversation.objects.filter(venue=venue).first()
    messages = _messages().filter(conversation=conversation).exclude(sender__in=blocked_by(user))
    found = _cut(messages, window.size, before=window.before, since=window.since)
    return _page(list(found), window)


def channel_history(user: User, channel_id: int, window: Window, *, words: str = "") -> HistoryPage:
    """Without the messages of those `user` has blocked; with `words`, only those that say them. Raises NotFound."""
    conversation = get_conversation_of_channel_for(user, channel_id)
    messages = _messages().filter(conversation=conversation).exclude(sender__in=blocked_by(user))
    if words:
        messages = saying(messages, words)
    found = _cut(messages, window.size, before=window.before, since=window.since)
    return _page(list(found), window)


def find_in_workspace(user: User, workspace_id: int, words: str) -> QuerySet[Message]:
    """What says these words in the channels of a workspace that are open to `user`, each with its conversation;
    without the messages of those they have blocked. Raises NotFound.
    """
    channels = channels_open_to(user, get_workspace_for(user, workspace_id)).values("pk")
    messages = _known_senders(_messages()).select_related("conversation")
    return saying(messages.filter(conversation__channel__in=channels).exclude(sender__in=blocked_by(user)), words)


def reactions_to(messages: Iterable[Message], user: User) -> dict[int, list[ReactionCount]]:
    """What stands under each of these messages, and whether `user` is among those who put it there."""
    counts = (
        Reaction.objects.filter(message__in=[message.pk for message in messages])
        .values_list("message_id", "emoji")
        .annotate(count=Count("pk"), mine=Count("pk", filter=Q(user=user)), latest=Max("pk"))
        .order_by("message_id", "latest")
    )
    found: dict[int, list[ReactionCount]] = {}
    for message_id, emoji, count, mine, _ in counts:
        found.setdefault(message_id, []).append(ReactionCount(emoji, count, bool(mine)))
    return found


def get_message_for(user: User, message_id: int) -> Message:
    """A message `user` sent or can see now, with its sender and conversation. Raises NotFound.

    In a channel one has to be: what was said there is its workspace's.
    """
    message = _messages().select_related("conversation__venue").filter(pk=message_id).first()
    if message is None or not _can_see(user, message):
        raise NotFound
    return message


def find_seen_message(user: User, message_id: int) -> Message | None:
    """A message `user` can see, or could when they were at the venue."""
    message = _messages().select_related("conversation__venue").filter(pk=message_id).first()
    if message is None:
        return None
    venue = message.conversation.venue
    was_there = venue is not None and visits_by(user).filter(venue=venue).exists()
    return message if was_there or _can_see(user, message) else None


def messages_of_venue(venue: Venue, *, since: datetime) -> QuerySet[Message]:
    """What was said in a venue's group since then."""
    return Message.objects.filter(conversation__venue=venue, created_at__gte=since)


def messages_between(start: datetime, end: datetime) -> QuerySet[Message]:
    """What was said anywhere, `end` excluded."""
    return Message.objects.filter(created_at__gte=start, created_at__lt=end)


def private_chats_between(start: datetime, end: datetime) -> QuerySet[Conversation]:
    """Private conversations opened in that time, `end` excluded."""
    private = Conversation.objects.filter(kind=Conversation.Kind.PRIVATE)
    return private.filter(created_at__gte=start, created_at__lt=end)


def count_private_chats() -> int:
    return Conversation.objects.filter(kind=Conversation.Kind.PRIVATE).count()


def _messages() -> QuerySet[Message]:
    return Message.objects.select_related("sender")


# What is said in one conversation.
_said = Prepared(lambda: _messages().filter(conversation=Slot("conversation_id", BigIntegerField())))


def _slot(name: str, value: int | None) -> Slot | None:
    return None if value is None else Slot(name, BigIntegerField())


def _cut(
    rows: QuerySet[Message], size: int, *, before: int | Slot | None, since: int | Slot | None
) -> QuerySet[Message]:
    """One more than the window holds, in the direction it is asked for. Of the senders only what they are known by."""
    rows = _known_senders(rows)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    if since is not None:
        rows = rows.filter(seq__gt=since)
    return rows.order_by("-seq" if since is None else "seq")[: size + 1]


def _known_senders(rows: QuerySet[Message]) -> QuerySet[Message]:
    return rows.only(*(field.name for field in Message._meta.concrete_fields), "sender__username", "sender__email")


def _page(found: list[Message], window: Window) -> HistoryPage:
    messages = found[: window.size]
    return HistoryPage(messages[::-1] if window.since is None else messages, has_more=len(found) > window.size)


def _can_see(user: User, message: Message) -> bool:
    conversation, venue = message.conversation, message.conversation.venue
    if conversation.channel_id is not None:
        return is_open_to(user, conversation.channel_id)
    if message.sender_id == user.pk:
        return True
    if venue is None:
        return user.pk in conversation.pair_ids
    if manages(user, venue):
        return True
    presence = find_presence(user)
    return presence is not None and presence.venue_id == venue.pk
