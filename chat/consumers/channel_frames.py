"""Pulseboard's frames of channels."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from chat.entries import Entry, Whisper
from chat.events import MessageDeleted, MessageEdited, PostedMessage
from chat.text import MAXIMUM_BODY_LENGTH, MAXIMUM_CLIENT_ID_LENGTH
from core.realtime.wire import Frame, frame_of, moment_in_frame

ChannelId = Annotated[int, Meta(ge=1, le=2**63 - 1, examples=[1])]
Seq = Annotated[
    int, Meta(ge=0, le=2**63 - 1, description="A place in the channel: 1, 2, 3 … without gaps.", examples=[42])
]
Id = Annotated[int, Meta(description="The message's.", examples=[314])]
Email = Annotated[str, Meta(examples=["c1@example.com"])]
Said = Annotated[str, Meta(examples=["Hello team!"])]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-01-15T11:00:00.000000Z"])]
ClientId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAXIMUM_CLIENT_ID_LENGTH,
        description="The sender's own name for it: sent again to the same channel it is stored once.",
        examples=["7f9c-1"],
    ),
]


class _FromClient(Struct, tag_field="type", kw_only=True):
    channel_id: ChannelId


class JoinChannel(_FromClient, tag="join_channel"):
    """Send me what happens in this channel, until I leave it. Joining again does no harm."""


class LeaveChannel(_FromClient, tag="leave_channel"):
    """I have heard enough of this channel."""


class SendMessage(_FromClient, tag="send_message"):
    """Say something in a channel, whether or not I joined it here."""

    body: Annotated[str, Meta(max_length=MAXIMUM_BODY_LENGTH, examples=["Hello everyone!"])]
    client_id: ClientId | None = None


class Typing(_FromClient, tag="typing"):
    """I am typing in a channel that I joined here; told to the others at most once a second."""


class ResumeChannel(_FromClient, tag="resume"):
    """Send me everything after `since`, and what happens from then on: this joins, too."""

    since: Seq


class _FromServer(Struct, tag_field="type", forbid_unknown_fields=True):
    """What these frames show is all there is in them."""

    channel_id: ChannelId


class ChannelMessage(Struct, forbid_unknown_fields=True):
    id: Id
    sender_email: Email
    body: Said
    created_at: Moment
    seq: Seq


class MessageSaid(_FromServer, tag="new_message"):
    """Somebody said something."""

    message: Annotated[
        ChannelMessage,
        Meta(
            examples=[
                {
                    "id": 314,
                    "sender_email": "c1@example.com",
                    "body": "Hello team!",
                    "created_at": "2026-01-15T11:00:00.000000Z",
                    "seq": 42,
                }
            ]
        ),
    ]


class MessageEditedHere(_FromServer, tag="message_edited"):
    """A message says something else now; `id` is the message's, `seq` the change's. `message` is its body, in the word
    of the other contracts' frames.
    """

    id: Id
    seq: Seq
    message: Said
    body: Said
    edited_at: Moment


class MessageDeletedHere(_FromServer, tag="message_deleted"):
    """A message is gone; `id` is the message's, `seq` the change's."""

    id: Id
    seq: Seq


class ReactedHere(_FromServer, tag="reaction"):
    """Somebody put an emoji under a message, or took it away. `user` is their address, in the word of the other
    contracts' frames.
    """

    id: Id
    seq: Seq
    emoji: Annotated[str, Meta(examples=["👍"])]
    user: Email
    user_email: Email
    added: Annotated[bool, Meta(examples=[True])]


class Joined(_FromServer, tag="joined"):
    """What comes after `seq` in this channel is sent to you from now on."""

    seq: Seq


class Left(_FromServer, tag="left"):
    """Nothing more is sent to you of this channel."""


class Acknowledged(_FromServer, tag="ack"):
    """The message you called `client_id` is stored."""

    client_id: ClientId
    id: Id
    seq: Seq


class Resumed(_FromServer, tag="resumed"):
    """You were sent everything up to `seq`, and live frames follow; when not `complete`, they do so once you have asked
    again from there.
    """

    seq: Seq
    complete: Annotated[bool, Meta(examples=[True])]


class SomebodyTyping(_FromServer, tag="typing"):
    """Somebody else is typing."""

    user_email: Email


class ChatRefused(Struct, tag="error", tag_field="type", forbid_unknown_fields=True):
    """Something was wrong: with a frame of yours; with a channel, which is no longer open to you if you had joined it;
    or with the socket, which then closes.
    """

    message: Annotated[str, Meta(description="For people.", examples=["Not found."])]
    code: Annotated[str, Meta(description="For programs; stable.", examples=["not_found"])]
    channel_id: Annotated[ChannelId, Meta(description="The channel concerned.")] | msgspec.UnsetType = msgspec.UNSET
    client_id: Annotated[ClientId, Meta(description="Of the message that was refused.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )


@dataclass(frozen=True)
class ChannelSpelling:
    """Equal for all sockets of a channel, so that a frame is written once for them."""

    channel_id: int

    def entry(self, entry: Entry) -> Frame:
        if isinstance(entry, PostedMessage):
            said = ChannelMessage(entry.id, entry.sender_email, entry.body, moment_in_frame(entry.sent_at), entry.seq)
            return frame_of(MessageSaid(self.channel_id, said))
        if isinstance(entry, MessageEdited):
            edited_at = moment_in_frame(entry.edited_at)
            body = entry.body
            return frame_of(MessageEditedHere(self.channel_id, entry.message_id, entry.seq, body, body, edited_at))
        if isinstance(entry, MessageDeleted):
            return frame_of(MessageDeletedHere(self.channel_id, entry.message_id, entry.seq))
        by = entry.user_email
        return frame_of(ReactedHere(self.channel_id, entry.message_id, entry.seq, entry.emoji, by, by, entry.added))

    def whisper(self, whisper: Whisper) -> Frame:
        """In channels nothing else is whispered."""
        return frame_of(SomebodyTyping(self.channel_id, whisper.user_email))

    def ack(self, client_id: str, message_id: int, seq: int) -> Frame:
        return frame_of(Acknowledged(self.channel_id, client_id, message_id, seq))

    def resumed(self, seq: int, complete: bool) -> Frame:
        return frame_of(Resumed(self.channel_id, seq, complete))

    def joined(self, seq: int) -> Frame:
        return frame_of(Joined(self.channel_id, seq))

    def left(self) -> Frame:
        return frame_of(Left(self.channel_id))
