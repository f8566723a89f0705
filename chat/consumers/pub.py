"""Pub Network's two sockets: a venue's group, and a private chat."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta, Struct

from accounts.models import User
from chat.consumers.room import RoomConsumer
from chat.entries import Entry, Whisper
from chat.events import MessageDeleted, MessageEdited, PostedMessage
from chat.models import Conversation
from chat.realtime.room import Room
from chat.selectors.conversations import get_conversation_for
from chat.services.conversations import join_group, mark_read
from chat.text import MAXIMUM_BODY_LENGTH, MAXIMUM_CLIENT_ID_LENGTH
from core.realtime.wire import Frame, frame_of, moment_in_frame
from core.surface.credentials import Credential
from core.threads import in_database_thread

Seq = Annotated[
    int,
    Meta(ge=0, le=2**63 - 1, description="A place in the conversation: 1, 2, 3 … without gaps.", examples=[42]),
]
Token = Annotated[
    str, Meta(max_length=4096, description="An access token, where the handshake carried none.", examples=["<access>"])
]
Id = Annotated[int, Meta(description="The message's.", examples=[314])]
Name = Annotated[str, Meta(description="A username.", examples=["c1"])]
Said = Annotated[str, Meta(examples=["Hello group!"])]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-01-05T19:20:00.000000Z"])]
ClientId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAXIMUM_CLIENT_ID_LENGTH,
        description="The sender's own name for it: sent again it is stored once.",
        examples=["7f9c-1"],
    ),
]
Online = Annotated[int, Meta(ge=0, description="How many users are here now.", examples=[12])]


class _FromClient(Struct, tag_field="type", kw_only=True):
    token: Token | None = None


class SendMessage(_FromClient, tag="message"):
    """Say something. `type` may be left out."""

    message: Annotated[str, Meta(max_length=MAXIMUM_BODY_LENGTH, examples=["Hello group!"])]
    client_id: ClientId | None = None


class Typing(_FromClient, tag="typing"):
    """I am typing; told to the others at most once a second."""


class Read(_FromClient, tag="read"):
    """I have read everything up to `seq`."""

    seq: Seq


class Resume(_FromClient, tag="resume"):
    """Send me everything after `since`."""

    since: Seq


class _FromServer(Struct, tag_field="type", forbid_unknown_fields=True):
    """What these frames show is all there is in them."""


class MessageSent(_FromServer, tag="message"):
    """Somebody said something."""

    id: Id
    seq: Seq
    sender: Name
    message: Said
    timestamp: Moment


class MessageChanged(_FromServer, tag="message_edited"):
    """A message says something else now; `id` is the message's, `seq` the change's."""

    id: Id
    seq: Seq
    message: Said
    edited_at: Moment


class MessageRemoved(_FromServer, tag="message_deleted"):
    """A message is gone; `id` is the message's, `seq` the change's."""

    id: Id
    seq: Seq


class Reacted(_FromServer, tag="reaction"):
    """Somebody put an emoji under a message, or took it away."""

    id: Id
    seq: Seq
    emoji: Annotated[str, Meta(examples=["🍻"])]
    user: Name
    added: Annotated[bool, Meta(examples=[True])]


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

    user: Name


class SomebodyRead(_FromServer, tag="read"):
    """Somebody else has read everything up to `seq`."""

    user: Name
    seq: Seq


class Joined(_FromServer, tag="user_joined"):
    """Somebody came."""

    user: Name
    online: Online


class Left(_FromServer, tag="user_left"):
    """Somebody's last device left."""

    user: Name
    online: Online


class Refused(Struct, forbid_unknown_fields=True):
    """Something was wrong: with a frame of yours, or with the socket, which then closes."""

    error: Annotated[str, Meta(description="For people.", examples=["You are muted in this group."])]
    code: Annotated[str, Meta(description="For programs; stable.", examples=["muted"])]
    client_id: Annotated[ClientId, Meta(description="Of the message that was refused.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    until: Annotated[Moment, Meta(description="Until when you are muted.")] | msgspec.UnsetType = msgspec.UNSET


class PubSpelling:
    def entry(self, entry: Entry) -> Frame:
        if isinstance(entry, PostedMessage):
            return frame_of(MessageSent(entry.id, entry.seq, entry.sender, entry.body, moment_in_frame(entry.sent_at)))
        if isinstance(entry, MessageEdited):
            return frame_of(MessageChanged(entry.message_id, entry.seq, entry.body, moment_in_frame(entry.edited_at)))
        if isinstance(entry, MessageDeleted):
            return frame_of(MessageRemoved(entry.message_id, entry.seq))
        return frame_of(Reacted(entry.message_id, entry.seq, entry.emoji, entry.user, entry.added))

    def whisper(self, whisper: Whisper) -> Frame:
        kinds: dict[str, Struct] = {
            "typing": SomebodyTyping(whisper.user),
            "read": SomebodyRead(whisper.user, whisper.seq),
            "user_joined": Joined(whisper.user, whisper.online),
            "user_left": Left(whisper.user, whisper.online),
        }
        return frame_of(kinds[whisper.kind])

    def ack(self, client_id: str, message_id: int, seq: int) -> Frame:
        return frame_of(Acknowledged(client_id, message_id, seq))

    def resumed(self, seq: int, complete: bool) -> Frame:
        return frame_of(Resumed(seq, complete))


class PubRoom(RoomConsumer):
    takes: ClassVar = {"message": SendMessage, "typing": Typing, "read": Read, "resume": Resume}
    gives: ClassVar = (
        MessageSent, MessageChanged, MessageRemoved, Reacted, Acknowledged, Resumed,
        SomebodyTyping, SomebodyRead, Joined, Left, Refused,
    )  # fmt: skip
    type_unless_given = "message"
    spelling = PubSpelling()

    async def received(self, frame: SendMessage | Typing | Read | Resume) -> None:
        if frame.token is not None and (self.identity is None or frame.token != self.identity.token):
            await self.sign_in(Credential("token", frame.token))
        if isinstance(frame, SendMessage):
            await self.post(frame.message, frame.client_id)
        elif isinstance(frame, Typing):
            self.typing()
        elif isinstance(frame, Read):
            await self.read(frame.seq)
        else:
            await self.resume(frame.since)


class GroupConsumer(PubRoom):
    """The group of the venue whose current var_id is in the path. The room is the venue's: its rotation closes nobody,
    checking out does.
    """

    title = "A venue's group"

    def find_conversation(self, user: User) -> Conversation:
        return join_group(by=user, var_id=self.scope["url_route"]["kwargs"]["var_id"])

    async def note_read(self, room: Room, user: User, seq: int) -> None:
        self.live.hub.whisper(room.conversation_id, Whisper("read", user.pk, user.username, others_only=True, seq=seq))


class PrivateConsumer(PubRoom):
    """A chat of two, by its `chat_id`. What they have read is remembered."""

    title = "A private chat"

    def find_conversation(self, user: User) -> Conversation:
        return get_conversation_for(user, self.scope["url_route"]["kwargs"]["chat_id"])

    async def note_read(self, room: Room, user: User, seq: int) -> None:
        """The service announces it, and the announcement tells the others."""
        await in_database_thread(mark_read, by=user, chat_id=room.conversation_id, seq=seq)
