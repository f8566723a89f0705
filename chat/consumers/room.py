"""A socket that is in one room: everything of a chat socket that no client contract decides."""

import asyncio
import time
from typing import Any

from accounts.consumers.authentication import SocketIdentity, identify
from accounts.errors import SessionEnded, TicketInvalid, TokenInvalid
from accounts.models import User
from chat.consumers.stay import Stay
from chat.entries import Whisper
from chat.models import Conversation
from chat.realtime.figures import figures
from chat.realtime.listener import Listener, Spelling
from chat.realtime.outbox import Outbox
from chat.realtime.process import RealTime, real_time
from chat.realtime.room import Room
from chat.realtime.wire import Frame
from chat.realtime.writer import Outcome
from chat.selectors.admission import Admission, admit, admit_to
from chat.services.posting import NewMessage
from core.errors import DomainError, Forbidden, Gone, NotFound
from core.surface.close_codes import NO_SUCH_ROOM, NOT_AUTHENTICATED
from core.surface.consumer import SocketClosed, SurfaceConsumer
from core.surface.credentials import Credential, find_credential
from core.threads import in_database_thread

TOKEN_WAIT = 10.0
TYPING_EVERY = 1.0
IN_FLIGHT = 256


class RoomConsumer(SurfaceConsumer):
    """`spelling` writes the contract's frames; `find_conversation` says which room this is, and for whom."""

    spelling: Spelling

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        wire = (self.scope.get("extensions") or {}).get("wire")
        self.outbox = Outbox(self._send, wire)
        self.identity: SocketIdentity | None = None
        self.room: Room | None = None
        self._stay = Stay(self._look_again, self._shown_out)
        self._expiry: asyncio.TimerHandle | None = None
        self._typed_at = float("-inf")
        self._read_upto = 0
        self._in_flight: set[asyncio.Future[Outcome]] = set()

    def find_conversation(self, user: User) -> Conversation:
        """Runs in a thread. Raises NotFound, Forbidden or Gone for a room that is not there for `user`."""
        raise NotImplementedError

    # The life of the socket

    async def opened(self) -> None:
        self.live: RealTime = await real_time()
        credential = find_credential(self.scope)
        if credential is None:
            self._close_after(TOKEN_WAIT)
        else:
            await self.sign_in(credential)

    async def sign_in(self, credential: Credential) -> None:
        """Accept a token, the first one or a later one of the same user. Raises SocketClosed."""
        try:
            identity = await identify(credential)
        except (TokenInvalid, TicketInvalid, SessionEnded) as refusal:
            raise SocketClosed(NOT_AUTHENTICATED, refusal) from None
        if self.identity is not None and identity.user.pk != self.identity.user.pk:
            raise Forbidden("This token is another user's.", code="other_users_token")
        self._forget_identity()
        self.identity = identity
        self._close_after(max(0.0, identity.expires_at - time.time()))
        self.live.hub.users.watch(identity.user.pk, self._stay.reconsider)
        self.live.hub.watch_session(identity.session_id, self._run_out)
        if self.is_closing:
            raise SocketClosed(NOT_AUTHENTICATED)
        if self.room is None:
            await self._enter(identity.user)

    def closed(self) -> None:
        """Also called as soon as a close begins: the room need not wait for the client to answer it."""
        if self._expiry is not None:
            self._expiry.cancel()
        self._stay.end()
        self._forget_identity()
        room, self.room = self.room, None
        if room is not None:
            self.live.hub.detach(room, self.listener)
            self.live.presence.leave(room.conversation_id, self.listener.user_id)

    async def _enter(self, user: User) -> None:
        try:
            admission = await in_database_thread(self._find_for, user)
        except (NotFound, Forbidden, Gone) as refusal:
            raise SocketClosed(NO_SUCH_ROOM, refusal) from None
        self.listener = Listener(self.outbox, self.spelling, user.pk, self._stay.reconsider)
        self._apply(admission)
        room = await self.live.hub.attach(admission.conversation_id, self.listener)
        if self.is_closing:
            self.live.hub.detach(room, self.listener)
            return
        self.room = room
        self.live.presence.arrive(admission.conversation_id, user.pk, user.username)
        self._stay.begin(admission.until)

    def _find_for(self, user: User) -> Admission:
        return admit_to(user, self.find_conversation(user))

    # What comes in

    async def post(self, message: str, client_id: str | None) -> None:
        """Hand a message to the writer; its ack or refusal follows when it is stored or not."""
        room, identity = self._entered()
        new = NewMessage(room.conversation_id, identity.user, message, client_id or "")
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
        room, identity = self._entered()
        now = time.monotonic()
        if now - self._typed_at >= TYPING_EVERY:
            self._typed_at = now
            said = Whisper("typing", identity.user.pk, identity.user.username, others_only=True)
            self.live.hub.whisper(room.conversation_id, said)

    async def resume(self, since: int) -> None:
        room, _ = self._entered()
        await self.live.hub.resume(room, self.listener, since)

    async def read(self, seq: int) -> None:
        """Everything up to `seq` is read; what was said before is not said again."""
        room, identity = self._entered()
        if seq > self._read_upto:
            self._read_upto = min(seq, room.head)
            await self.note_read(room, identity.user, self._read_upto)

    async def note_read(self, room: Room, user: User, seq: int) -> None:
        """Tell the others up to where `user` has read, and remember it where the conversation does."""
        raise NotImplementedError

    # Inside

    def answered(self) -> None:
        self.outbox.open()

    def send_payload(self, payload: bytes) -> None:
        """Only errors are written so."""
        self.outbox.send(Frame(payload))
        figures.sent["error"] += 1

    def close(self, code: int) -> None:
        self.outbox.close(code)
        self.closed()

    @property
    def is_closing(self) -> bool:
        return self.outbox.is_closing

    def _entered(self) -> tuple[Room, SocketIdentity]:
        """Until its first valid token a socket may say nothing. Raises SocketClosed."""
        if self.room is None or self.identity is None:
            raise SocketClosed(NOT_AUTHENTICATED, TokenInvalid())
        return self.room, self.identity

    def _close_after(self, seconds: float) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(seconds, self._run_out)

    def _run_out(self) -> None:
        """The socket dies with its session, and with its token."""
        self.tell(TokenInvalid())
        self.close(NOT_AUTHENTICATED)

    def _forget_identity(self) -> None:
        if self.identity is not None:
            self.live.hub.sessions.forget(self.identity.session_id, self._run_out)
            self.live.hub.users.forget(self.identity.user.pk, self._stay.reconsider)

    # Staying

    async def _look_again(self) -> Admission:
        room, identity = self._entered()
        admission = await in_database_thread(admit, identity.user, room.conversation_id)
        self._apply(admission)
        return admission

    def _shown_out(self, refusal: NotFound) -> None:
        self.tell(refusal)
        self.close(NO_SUCH_ROOM)

    def _apply(self, admission: Admission) -> None:
        self.listener.hides = admission.hides
        self.listener.deaf_to = admission.deaf_to
