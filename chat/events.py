"""What chat announces: everything a client is told of, with what telling takes.

`seq` is the fact's own number in its conversation. `sender_id` is always who sent the message concerned, so that what
a blocked person wrote can be kept from who blocked them. Some clients know people by username, some by e-mail address.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PrivateChatOpened:
    conversation_id: int
    by_id: int
    other_id: int


@dataclass(frozen=True)
class PostedMessage:
    id: int
    conversation_id: int
    seq: int
    sender_id: int
    sender: str
    body: str
    sent_at: datetime
    client_id: str
    sender_email: str = ""


@dataclass(frozen=True)
class MessagesPosted:
    """Messages of any number of conversations, stored in one transaction; those of each in the order of `seq`."""

    messages: tuple[PostedMessage, ...]


@dataclass(frozen=True)
class ChannelMessage:
    channel_id: int
    message: PostedMessage


@dataclass(frozen=True)
class ChannelMessagesPosted:
    """Those of them that were said in channels."""

    messages: tuple[ChannelMessage, ...]


@dataclass(frozen=True)
class MessageEdited:
    conversation_id: int
    message_id: int
    seq: int
    sender_id: int
    body: str
    edited_at: datetime


@dataclass(frozen=True)
class MessageDeleted:
    conversation_id: int
    message_id: int
    seq: int
    sender_id: int
    by_id: int


@dataclass(frozen=True)
class ReactionChanged:
    conversation_id: int
    message_id: int
    seq: int
    sender_id: int
    user_id: int
    user: str
    emoji: str
    added: bool
    user_email: str = ""


@dataclass(frozen=True)
class MessagesRead:
    """Somebody has read up to and including `seq`. Not durable: it takes no number."""

    conversation_id: int
    user_id: int
    user: str
    seq: int


@dataclass(frozen=True)
class Muted:
    """`until` now or in the past: they may write again."""

    conversation_id: int
    user_id: int
    until: datetime
    by_id: int


@dataclass(frozen=True)
class GroupClosed:
    conversation_id: int
    by_id: int


@dataclass(frozen=True)
class GroupOpened:
    conversation_id: int
    by_id: int
