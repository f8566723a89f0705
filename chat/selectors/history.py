"""What was said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Count, Max, Q, QuerySet

from accounts.models import User
from accounts.selectors import blocked_by, whom_blocks
from chat.models import Conversation, Message, Reaction
from chat.selectors.conversations import (
    find_group_of,
    get_conversation_for,
    get_conversation_of_channel_for,
    get_group_venue_for,
)
from chat.selectors.standing import is_open_to, manages
from chat.selectors.words import LARGEST_ID, Stretch, find_saying
from core.errors import NotFound
from core.pagination import MAXIMUM_LIMIT, Pages
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
    return _read(_said, window, conversation_id=conversation.pk)


def group_history(user: User, var_id: str, window: Window) -> HistoryPage:
    """Without the messages of those `user` has blocked. Raises NotFound, NotAtVenue, VarIdExpired."""
    conversation = find_group_of(get_group_venue_for(user, var_id).pk)
    if conversation is None:
        return HistoryPage([], has_more=False)
    return _read(_heard, window, conversation_id=conversation.pk, user_id=user.pk)


def channel_history(user: User, channel_id: int, window: Window, *, words: str = "") -> HistoryPage:
    """Without the messages of those `user` has blocked; with `words`, only those that say them. Raises NotFound."""
    conversation = get_conversation_of_channel_for(user, channel_id)
    if not words:
        return _read(_heard, window, conversation_id=conversation.pk, user_id=user.pk)
    stretch = _stretch(conversation, window)
    ids = find_saying(words, [conversation.pk], stretch, but_of=whom_blocks(user))
    return _page(list(_known_senders(_messages()).filter(pk__in=ids).order_by(_order(window))), window)


def find_in_workspace(user: User, workspace_id: int, words: str) -> Pages[Message]:
    """What says these words in the channels of a workspace that are open to `user`, each with its conversation, by its
    id, the latest first; without the messages of those they have blocked. Raises NotFound.
    """
    channels = channels_open_to(user, get_workspace_for(user, workspace_id)).values("pk")
    conversation_ids = list(Conversation.objects.filter(channel__in=channels).order_by().values_list("pk", flat=True))

    def read(count: int, after: Mapping[str, Any]) -> list[Message]:
        stretch = Stretch(count, before=after.get("id", LARGEST_ID))
        ids = find_saying(words, conversation_ids, stretch, but_of=whom_blocks(user))
        return list(_known_senders(_messages()).select_related("conversation").filter(pk__in=ids).order_by("-pk"))

    return Pages(Message, read)


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


# What is said in one conversation; and without what those say whom somebody has blocked.
_said = Prepared(lambda: _messages().filter(conversation=Slot("conversation_id", BigIntegerField())))
_heard = Prepared(lambda: _said.queryset.exclude(sender__in=blocked_by(Slot("user_id", BigIntegerField()))))


def _read(messages: Prepared[Message], window: Window, **values: int) -> HistoryPage:
    shape = (window.size, window.before is None, window.since is None)
    found = messages.changed(shape, lambda rows: _cut(rows, window))
    return _page(found.all(before=window.before, since=window.since, **values), window)


def _cut(rows: QuerySet[Message], window: Window) -> QuerySet[Message]:
    """One more than the window holds, in the direction it is asked for. Of the senders only what they are known by."""
    rows = _known_senders(rows)
    if window.before is not None:
        rows = rows.filter(seq__lt=Slot("before", BigIntegerField()))
    if window.since is not None:
        rows = rows.filter(seq__gt=Slot("since", BigIntegerField()))
    return rows.order_by(_order(window))[: window.size + 1]


def _order(window: Window) -> str:
    return "-seq" if window.since is None else "seq"


def _stretch(conversation: Conversation, window: Window) -> Stretch:
    """The same by ids: within a conversation they rise with the seq, since both are taken while its row is locked."""
    before, after = LARGEST_ID, 0
    ids = Message.objects.filter(conversation=conversation).values_list("pk", flat=True)
    if window.before is not None:
        before = ids.filter(seq__gte=window.before).order_by("seq").first() or LARGEST_ID
    if window.since is not None:
        after = ids.filter(seq__lte=window.since).order_by("-seq").first() or 0
    return Stretch(window.size + 1, after, before, newest=window.since is None)


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
