"""Storing messages, many at once."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from chat.errors import ConversationHeld, NotStored
from chat.events import ChannelMessage, ChannelMessagesPosted, MessagesPosted, PostedMessage
from chat.models import Message
from chat.selectors.conversations import find_conversation_of_channel
from chat.selectors.standing import Standing, find_refusal, load_standing
from chat.services.allowed_messages import find_held, insert_allowed
from chat.services.message_rows import Locked, insert_messages, lock_conversations
from chat.text import clean_body, clean_client_id, is_client_id
from core.errors import DomainError, NotFound
from core.events import announce, together_with

log = logging.getLogger(__name__)

# Who sent it, where, and what the sender called it.
Key = tuple[int, int, str]


@dataclass(frozen=True)
class NewMessage:
    """What somebody wants to say. With a `client_id` they may say it again without its being stored twice.

    `channel_id` where the conversation is a channel's: what happens with a message there happens only then.
    """

    conversation_id: int
    sender: User
    body: str
    client_id: str = ""
    channel_id: int | None = None

    @property
    def key(self) -> Key:
        return self.sender.pk, self.conversation_id, self.client_id


@dataclass(frozen=True)
class Posted:
    """A message that is stored; `is_new` unless it had been stored before under the same `client_id`."""

    message: Message
    is_new: bool


def post_messages(messages: Sequence[NewMessage], *, waits: bool = True) -> list[Posted | DomainError]:
    """Store messages of any number of conversations, each conversation's in the order given.

    The result for each, in the same order, is what was stored or why it was not: NotFound, Blocked, NotAtVenue, Muted,
    GroupClosed, MessageRefused, ClientIdRefused. One that is refused does not touch the others. Unless it `waits`, the
    result is ConversationHeld where another transaction holds the conversation's row: these have to be given again.
    """
    results: dict[int, Posted | DomainError] = {}
    if connection.vendor == "postgresql":
        results.update(_store_allowed(messages, waits=waits))
        if not waits:
            results.update(_pass_over_held(messages, results))
    left = [place for place in range(len(messages)) if place not in results]
    if left:
        results.update(zip(left, _store_judged([messages[place] for place in left]), strict=True))
    return [results[place] for place in range(len(messages))]


def post_message(message: NewMessage) -> Posted:
    """The same for one message, raising its refusal."""
    (result,) = post_messages([message])
    if isinstance(result, DomainError):
        raise result
    return result


def post_in_channel(*, by: User, channel_id: int, body: str, client_id: str = "") -> Posted:
    """The same in a channel, by its id."""
    conversation = find_conversation_of_channel(channel_id)
    if conversation is None:
        raise NotFound
    return post_message(NewMessage(conversation.pk, by, body, client_id, channel_id))


def _store_allowed(messages: Sequence[NewMessage], *, waits: bool) -> dict[int, Posted]:
    """Those that are new and may be said, by their place, in one statement; none of them when one is not new."""
    now = timezone.now()
    said = {place: message for place, item in enumerate(messages) if (message := _cleaned(item, now))}
    channels = _channels_of(messages)
    try:
        with together_with(MessagesPosted, *([ChannelMessagesPosted] if channels else [])):
            stored = insert_allowed(list(said.values()), waits=waits) if said else []
            if stored:
                _announce(stored, channels)
    except IntegrityError:
        return {}
    return {place: Posted(message, is_new=True) for place, message in said.items() if message.pk is not None}


def _pass_over_held(messages: Sequence[NewMessage], stored: Collection[int]) -> dict[int, ConversationHeld]:
    """By place, of those not stored. Should one be taken hold of a moment later, it is waited for all the same."""
    left = [place for place in range(len(messages)) if place not in stored]
    held = find_held({messages[place].conversation_id for place in left}) if left else set()
    return {place: ConversationHeld() for place in left if messages[place].conversation_id in held}


def _cleaned(item: NewMessage, now: datetime) -> Message | None:
    try:
        return _message(item, now)
    except DomainError:
        return None


def _store_judged(messages: Sequence[NewMessage]) -> list[Posted | DomainError]:
    """In one transaction. The conversations' rows are locked in the order of their keys, before anything is looked at.

    Repetitions are rare, so they are looked for only once the database has found one.
    """
    try:
        return _store(messages, {})
    except IntegrityError:
        return _store_again(messages)


def _store_again(messages: Sequence[NewMessage]) -> list[Posted | DomainError]:
    """Now with an eye on what is there already, and one by one when even that is refused."""
    try:
        return _store(messages, _find_stored(messages))
    except IntegrityError as trouble:
        if len(messages) > 1:
            return [result for message in messages for result in _store_again([message])]
        log.error("a message could not be stored", exc_info=trouble)
        return [NotStored()]


@transaction.atomic
def _store(messages: Sequence[NewMessage], stored: dict[Key, Message]) -> list[Posted | DomainError]:
    locked = lock_conversations({message.conversation_id for message in messages})
    known = [message for message in messages if message.conversation_id in locked]
    standing = load_standing((message.sender, locked[message.conversation_id].place) for message in known)
    batch = _Batch(locked, standing, stored)
    results = [batch.add(message) for message in messages]
    if batch.new:
        insert_messages(batch.new, batch.now)
        _announce(batch.new, _channels_of(messages))
    return _forgive_repetitions(messages, results)


def _forgive_repetitions(
    messages: Sequence[NewMessage], results: list[Posted | DomainError]
) -> list[Posted | DomainError]:
    """What was stored once under a `client_id` is acknowledged again, whatever its sender may do by now."""
    refused = [item for item, result in zip(messages, results, strict=True) if isinstance(result, DomainError)]
    stored = _find_stored(refused)
    return [
        Posted(stored[item.key], is_new=False) if isinstance(result, DomainError) and item.key in stored else result
        for item, result in zip(messages, results, strict=True)
    ]


def _find_stored(messages: Iterable[NewMessage]) -> dict[Key, Message]:
    keys = {message.key for message in messages if message.client_id and is_client_id(message.client_id)}
    if not keys:
        return {}
    senders, conversations, client_ids = (set(column) for column in zip(*keys, strict=True))
    stored = Message.objects.filter(sender__in=senders, conversation__in=conversations, client_id__in=client_ids)
    found = {(row.sender_id, row.conversation_id, row.client_id or ""): row for row in stored}
    return {key: found[key] for key in keys & found.keys()}


class _Batch:
    """Judges messages one by one, and numbers those that may be stored, while their conversations are locked."""

    def __init__(self, locked: dict[int, Locked], standing: Standing, stored: dict[Key, Message]) -> None:
        self.locked = locked
        self.standing = standing
        self.stored = dict(stored)
        self.now = timezone.now()
        self.new: list[Message] = []

    def add(self, item: NewMessage) -> Posted | DomainError:
        if item.client_id and item.key in self.stored:
            return Posted(self.stored[item.key], is_new=False)
        try:
            return Posted(self._next_message(item), is_new=True)
        except DomainError as refusal:
            return refusal

    def _next_message(self, item: NewMessage) -> Message:
        conversation = self.locked.get(item.conversation_id)
        if conversation is None:
            raise NotFound
        refusal = find_refusal(item.sender, conversation.place, self.standing)
        if refusal is not None:
            raise refusal
        message = _message(item, self.now)
        conversation.last_seq += 1
        message.seq = conversation.last_seq
        self.new.append(message)
        if message.client_id:
            self.stored[item.key] = message
        return message


def _message(item: NewMessage, now: datetime) -> Message:
    """Not yet numbered. Raises MessageRefused, ClientIdRefused."""
    return Message(
        conversation_id=item.conversation_id,
        sender=item.sender,
        client_id=clean_client_id(item.client_id) or None,
        body=clean_body(item.body),
        in_channel=item.channel_id is not None,
        created_at=now,
    )


def _channels_of(messages: Iterable[NewMessage]) -> dict[int, int]:
    """The channel of each conversation that has one."""
    return {item.conversation_id: item.channel_id for item in messages if item.channel_id is not None}


def _announce(stored: Iterable[Message], channels: Mapping[int, int]) -> None:
    facts = tuple(_fact(message) for message in stored)
    announce(MessagesPosted(facts))
    in_channels = [fact for fact in facts if fact.conversation_id in channels]
    if in_channels:
        announce(
            ChannelMessagesPosted(tuple(ChannelMessage(channels[fact.conversation_id], fact) for fact in in_channels))
        )


def _fact(message: Message) -> PostedMessage:
    return PostedMessage(
        id=message.pk,
        conversation_id=message.conversation_id,
        seq=message.seq,
        sender_id=message.sender_id,
        sender=message.sender.username,
        body=message.body,
        sent_at=message.created_at,
        client_id=message.client_id or "",
        sender_email=message.sender.email,
    )
