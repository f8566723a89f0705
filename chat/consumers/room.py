"""A socket that is in one room: everything of a chat socket that no client contract decides."""

import asyncio
import time
from typing import Any

from accounts.consumers.signed_in import SignedInConsumer
from accounts.errors import TokenInvalid
from accounts.models import User
from chat.consumers.stay import Stay
from chat.entries import Whisper
from chat.models import Conversation
from chat.realtime.listener import Listener, Spelling
from chat.realtime.process import RealTime, real_time
from chat.realtime.room import Room
from chat.realtime.writer import Outcome
from chat.selectors.admission import Admission, admit, admit_to
from chat.services.posting import NewMessage
from core.errors import DomainError, Forbidden, Gone, NotFound
from core.surface.close_codes import NO_SUCH_ROOM, NOT_AUTHENTICATED
from core.surface.consumer import SocketClosed
from core.surface.socket_figures import figures
from core.threads import in_database_thread

TYPING_EVERY = 1.0
IN_FLIGHT = 256


class RoomConsumer(SignedInConsumer):
    """`spelling` writes the contract's frames; `find_conversation` says which room this is, and for whom."""

    takes_token_in_frames = True
    spelling: Spelling

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.room: Room | None = None
        self._stay = Stay(self._look_again, self._shown_out)
        self._typed_at = float("-inf")
        self._read_upto = 0
        self._in_flight: set[asyncio.Future[Outcome]] = set()

    def find_conversation(self, user: User) -> Conversation:
        """Runs in a thread. Raises NotFound, Forbidden or Gone for a room that is not there for `user`."""
        raise NotImplementedError

    # The life of the socket

    async def opened(self) -> None:
        self.live: RealTime = await real_time()
        await super().opened()

    async def signed_in(self, user: User) -> None:
        try:
            admission = await in_database_thread(self._find_for, user)
        except (NotFound, Forbidden, Gone) as refusal:
            raise SocketClosed(NO_SUCH_ROOM, refusal) from None
        self.listener = Listener(self.outbox, self.spelling, user.pk, self.reconsider)
        self._apply(admission)
        room = await self.live.hub.attach(admission.conversation_id, self.listener)
        if self.is_closing:
            self.live.hub.detach(room, self.listener)
            return
        self.room = room
        self.live.presence.arrive(admission.conversation_id, user.pk, user.username)
        self._stay.begin(admission.until)

    def reconsider(self) -> None:
        self._stay.reconsider()

    def left(self) -> None:
        self._stay.end()
        room, self.room = self.room, None
        if room is not None:
            self.live.hub.detach(room, self.listener)
            self.live.presence.leave(room.conversation_id, self.listener.user_id)

    def _find_for(self, user: User) -> Admission:
        return admit_to(user, self.find_conversation(user))

    # What comes in

    async def post(self, message: str, client_id: str | None) -> None:
        """Hand a message to the writer; its ack or refusal follows when it is stored or not."""
        room, user = self._entered()
        new = NewMessage(room.conversation_id, user, message, client_id or "")
        outcome = self.live.writer.post(new)
        self._in_flight.add(outcome)
        outcome.add_done_callback(lambda done: self._acknowledge(done, client_id))
        while len(self._in_flight) >= IN_FLIGHT:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)

    def _acknowledge(self, done: "asyncio.Future[Outcome]", client_id: str | None) -> None:
        self._in_flight.discard(done)
        if done.cancelled():
            return
        outcome = done.result()
        if isinstance(outcome, DomainError):
            if client_id:
                outcome.details["client_id"] = client_id
            self.tell(outcome)
        elif client_id:
            self.outbox.send(self.spelling.ack(client_id, outcome.message.pk, outcome.message.seq))
            figures.sent["ack"] += 1

    def typing(self) -> None:
        """Told to the others, at most once a second."""
        room, user = self._entered()
        now = time.monotonic()
        if now - self._typed_at >= TYPING_EVERY:
            self._typed_at = now
            said = Whisper("typing", user.pk, user.username, others_only=True)
            self.live.hub.whisper(room.conversation_id, said)

    async def resume(self, since: int) -> None:
        room, _ = self._entered()
        await self.live.hub.resume(room, self.listener, since)

    async def read(self, seq: int) -> None:
        """Everything up to `seq` is read; what was said before is not said again."""
        room, user = self._entered()
        if seq > self._read_upto:
            self._read_upto = min(seq, room.head)
            await self.note_read(room, user, self._read_upto)

    async def note_read(self, room: Room, user: User, seq: int) -> None:
        """Tell the others up to where `user` has read, and remember it where the conversation does."""
        raise NotImplementedError

    # Inside

    def _entered(self) -> tuple[Room, User]:
        """Raises SocketClosed until it is in its room."""
        if self.room is None:
            raise SocketClosed(NOT_AUTHENTICATED, TokenInvalid())
        return self.room, self.user

    # Staying

    async def _look_again(self) -> Admission:
        room, user = self._entered()
        admission = await in_database_thread(admit, user, room.conversation_id)
        self._apply(admission)
        return admission

    def _shown_out(self, refusal: NotFound) -> None:
        self.tell(refusal)
        self.close(NO_SUCH_ROOM)

    def _apply(self, admission: Admission) -> None:
        self.listener.hides = admission.hides
        self.listener.deaf_to = admission.deaf_to
