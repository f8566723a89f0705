"""Pulseboard's chat socket: one for all the channels that somebody wants to hear."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import InterfaceError, OperationalError

from accounts.consumers.signed_in import SignedInConsumer
from accounts.models import User
from chat.consumers import channel_frames as frames
from chat.consumers.channel_frames import ChannelSpelling
from chat.consumers.seat import Seat, Sending
from chat.consumers.stay import Stay
from chat.errors import NotJoined, TooManyChannels
from chat.models import Conversation
from chat.realtime.process import RealTime, real_time
from chat.realtime.room import Room
from chat.realtime.writer import Outcome
from chat.selectors.admission import admit_to_channels
from chat.selectors.conversations import find_conversation_of_channel
from chat.services.posting import NewMessage
from core.errors import DomainError, NotFound, Unavailable
from core.surface.socket_figures import figures
from core.threads import in_database_thread

MOST_CHANNELS = 200

AnyFrame = frames.JoinChannel | frames.LeaveChannel | frames.SendMessage | frames.Typing | frames.ResumeChannel


def _concerned(frame: AnyFrame) -> dict[str, object]:
    """What a refusal of this frame says of it."""
    client_id = frame.client_id if isinstance(frame, frames.SendMessage) else None
    return {"channel_id": frame.channel_id} | ({"client_id": client_id} if client_id else {})


class ChannelsConsumer(SignedInConsumer):
    """Join a channel to hear it, and leave it again; what is wrong with one is told of that one, and the socket stays.
    One socket hears at most 200 channels.
    """

    title = "The channels of your workspaces"
    takes: ClassVar = {
        "join_channel": frames.JoinChannel,
        "leave_channel": frames.LeaveChannel,
        "send_message": frames.SendMessage,
        "typing": frames.Typing,
        "resume": frames.ResumeChannel,
    }
    gives: ClassVar = (
        frames.MessageSaid, frames.MessageEditedHere, frames.MessageDeletedHere, frames.ReactedHere,
        frames.Joined, frames.Left, frames.Acknowledged, frames.Resumed, frames.SomebodyTyping, frames.ChatRefused,
    )  # fmt: skip

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._seats: dict[int, Seat] = {}
        self._conversations: dict[int, int] = {}
        self._stay = Stay(self._look_again)

    async def opened(self) -> None:
        self.live: RealTime = await real_time()
        self._sending = Sending(self.live.writer, self._answer)
        await super().opened()

    async def signed_in(self, user: User) -> None:
        self._stay.begin(None)

    def reconsider(self) -> None:
        self._stay.reconsider()

    def left(self) -> None:
        self._stay.end()
        for channel_id in tuple(self._seats):
            self._leave(channel_id)

    async def received(self, frame: AnyFrame) -> None:
        try:
            await self._handle(frame)
        except DomainError as refusal:
            refusal.details |= _concerned(frame)
            raise
        except (OperationalError, InterfaceError):
            raise Unavailable(details=_concerned(frame)) from None

    async def _handle(self, frame: AnyFrame) -> None:
        if isinstance(frame, frames.SendMessage):
            await self._send_message(frame)
        elif isinstance(frame, frames.JoinChannel):
            await self._join(frame.channel_id)
        elif isinstance(frame, frames.LeaveChannel):
            self._leave(frame.channel_id)
            self.outbox.send(ChannelSpelling(frame.channel_id).left())
            figures.sent["left"] += 1
        elif isinstance(frame, frames.Typing):
            seat, room = self._joined(frame.channel_id)
            seat.typing(room)
        else:
            await self._resume(frame)

    # Coming and going

    async def _join(self, channel_id: int) -> None:
        seat = self._seats.get(channel_id)
        is_new = seat is None
        if seat is None:
            seat = await self._sit_down(channel_id)
        if seat.room is None:
            return
        if is_new:
            seat.listener.seen = seat.room.head
        self.outbox.send(ChannelSpelling(channel_id).joined(seat.room.head))
        figures.sent["joined"] += 1
        if is_new:
            seat.listener.release()

    async def _resume(self, frame: frames.ResumeChannel) -> None:
        seat = self._seats.get(frame.channel_id) or await self._sit_down(frame.channel_id)
        if seat.room is not None:
            await self.live.hub.resume(seat.room, seat.listener, frame.since)

    async def _sit_down(self, channel_id: int) -> Seat:
        """What happens in the room from now on waits in the listener, to be released. A seat that was lost meanwhile
        has no room. Raises NotFound, TooManyChannels.
        """
        if len(self._seats) >= MOST_CHANNELS:
            raise TooManyChannels
        seat = Seat(self.live, self.outbox, ChannelSpelling(channel_id), self.user, self.reconsider)
        # From here on it is looked at when something changes, even before it is known whether it may be.
        self._seats[channel_id] = seat
        try:
            await seat.take(await in_database_thread(self._find_conversation, channel_id))
        except BaseException:
            self._leave(channel_id)
            raise
        return seat

    def _find_conversation(self, channel_id: int) -> Conversation:
        conversation = find_conversation_of_channel(channel_id)
        if conversation is None:
            raise NotFound
        return conversation

    def _leave(self, channel_id: int) -> None:
        seat = self._seats.pop(channel_id, None)
        if seat is not None:
            seat.leave()

    def _joined(self, channel_id: int) -> tuple[Seat, Room]:
        seat = self._seats.get(channel_id)
        if seat is None or seat.room is None:
            raise NotJoined
        return seat, seat.room

    # Saying something

    async def _send_message(self, frame: frames.SendMessage) -> None:
        """Its ack or refusal follows when it is stored or not."""
        conversation_id = await self._conversation_of(frame.channel_id)
        await self._sending.post(
            NewMessage(conversation_id, self.user, frame.body, frame.client_id or "", frame.channel_id)
        )

    async def _conversation_of(self, channel_id: int) -> int:
        """A channel's conversation is always the same one."""
        if channel_id not in self._conversations:
            if len(self._conversations) >= MOST_CHANNELS:
                self._conversations.clear()
            found = await in_database_thread(self._find_conversation, channel_id)
            self._conversations[channel_id] = found.pk
        return self._conversations[channel_id]

    def _answer(self, message: NewMessage, outcome: Outcome) -> None:
        channel_id = message.channel_id or 0
        if isinstance(outcome, DomainError):
            outcome.details["channel_id"] = channel_id
            if message.client_id:
                outcome.details["client_id"] = message.client_id
            self.tell(outcome)
        elif message.client_id:
            spelling = ChannelSpelling(channel_id)
            self.outbox.send(spelling.ack(message.client_id, outcome.message.pk, outcome.message.seq))
            figures.sent["ack"] += 1

    # Staying

    async def _look_again(self) -> datetime | None:
        """At all channels at once: who loses one is told so and keeps the others."""
        asked = tuple(self._seats)
        admission = await in_database_thread(admit_to_channels, self.user, asked) if asked else None
        for channel_id in asked:
            seat = self._seats.get(channel_id)
            if seat is None or admission is None:
                continue
            if channel_id in admission.channel_ids:
                seat.hide(admission)
            else:
                self._leave(channel_id)
                self.tell(NotFound(details={"channel_id": channel_id}))
        return None
