"""A socket that is in one room: everything of a chat socket that no client contract decides."""

from datetime import datetime
from typing import Any

from accounts.consumers.signed_in import SignedInConsumer
from accounts.errors import TokenInvalid
from accounts.models import User
from chat.consumers.seat import Seat, Sending
from chat.consumers.stay import Stay
from chat.models import Conversation
from chat.realtime.listener import Spelling
from chat.realtime.process import RealTime, real_time
from chat.realtime.room import Room
from chat.realtime.writer import Outcome
from chat.selectors.admission import admit
from chat.services.posting import NewMessage
from core.errors import DomainError, Forbidden, Gone, NotFound
from core.surface.close_codes import NO_SUCH_ROOM, NOT_AUTHENTICATED
from core.surface.consumer import SocketClosed
from core.surface.socket_figures import figures
from core.threads import in_database_thread


class RoomConsumer(SignedInConsumer):
    """`spelling` writes the contract's frames; `find_conversation` says which room this is, and for whom."""

    takes_token_in_frames = True
    spelling: Spelling

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._seat: Seat | None = None
        self._stay = Stay(self._look_again)
        self._read_upto = 0

    def find_conversation(self, user: User) -> Conversation:
        """Runs in a thread. Raises NotFound, Forbidden or Gone for a room that is not there for `user`."""
        raise NotImplementedError

    # The life of the socket

    async def opened(self) -> None:
        self.live: RealTime = await real_time()
        self._sending = Sending(self.live.writer, self._answer)
        await super().opened()

    async def signed_in(self, user: User) -> None:
        try:
            conversation = await in_database_thread(self.find_conversation, user)
            if self.is_closing:
                return
            self._seat = seat = Seat(self.live, self.outbox, self.spelling, user, self.reconsider)
            admission = await seat.take(conversation)
        except (NotFound, Forbidden, Gone) as refusal:
            raise SocketClosed(NO_SUCH_ROOM, refusal) from None
        if seat.room is not None:
            self.live.presence.arrive(admission.conversation_id, user.pk, user.username)
            self._stay.begin(admission.until)
            seat.listener.release()

    def reconsider(self) -> None:
        self._stay.reconsider()

    def left(self) -> None:
        self._stay.end()
        seat, self._seat = self._seat, None
        room = seat.leave() if seat is not None else None
        if seat is not None and room is not None:
            self.live.presence.leave(room.conversation_id, seat.listener.user_id)

    # What comes in

    async def post(self, message: str, client_id: str | None) -> None:
        """Its ack or refusal follows when it is stored or not."""
        _, room = self._entered()
        await self._sending.post(NewMessage(room.conversation_id, self.user, message, client_id or ""))

    def _answer(self, message: NewMessage, outcome: Outcome) -> None:
        if isinstance(outcome, DomainError):
            if message.client_id:
                outcome.details["client_id"] = message.client_id
            self.tell(outcome)
        elif message.client_id:
            self.outbox.send(self.spelling.ack(message.client_id, outcome.message.pk, outcome.message.seq))
            figures.sent["ack"] += 1

    def typing(self) -> None:
        seat, room = self._entered()
        seat.typing(room)

    async def resume(self, since: int) -> None:
        seat, room = self._entered()
        await self.live.hub.resume(room, seat.listener, since)

    async def read(self, seq: int) -> None:
        """Everything up to `seq` is read; what was said before is not said again."""
        _, room = self._entered()
        if seq > self._read_upto:
            self._read_upto = min(seq, room.head)
            await self.note_read(room, self.user, self._read_upto)

    async def note_read(self, room: Room, user: User, seq: int) -> None:
        """Tell the others up to where `user` has read, and remember it where the conversation does."""
        raise NotImplementedError

    # Inside

    def _entered(self) -> tuple[Seat, Room]:
        """Raises SocketClosed until it is in its room."""
        if self._seat is None or self._seat.room is None:
            raise SocketClosed(NOT_AUTHENTICATED, TokenInvalid())
        return self._seat, self._seat.room

    async def _look_again(self) -> datetime | None:
        """Whether it may stay, and until when that is sure."""
        seat, room = self._entered()
        try:
            admission = await in_database_thread(admit, self.user, room.conversation_id)
        except NotFound as refusal:
            self.tell(refusal)
            self.close(NO_SUCH_ROOM)
            return None
        seat.hide(admission)
        return admission.until
