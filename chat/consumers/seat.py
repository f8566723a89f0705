"""One user's place in one room, through one socket. What a socket of one room and one of many do alike is here."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from accounts.models import User
from chat.entries import Whisper
from chat.models import Conversation
from chat.realtime.listener import Listener, Spelling
from chat.realtime.process import RealTime
from chat.realtime.room import Room
from chat.realtime.writer import Outcome, Writer
from chat.selectors.admission import Admission, Hiding, admit_to
from chat.services.posting import NewMessage
from core.realtime.outbox import Outbox
from core.surface.socket_figures import figures
from core.threads import in_database_thread

TYPING_EVERY = 1.0
IN_FLIGHT = 256


class Seat:
    """`reconsider` is called when who may be in the room has changed."""

    def __init__(
        self, live: RealTime, outbox: Outbox, spelling: Spelling, user: User, reconsider: Callable[[], None]
    ) -> None:
        self.room: Room | None = None
        self.listener = Listener(outbox, spelling, user.pk, reconsider)
        self._live = live
        self._user = user
        self._has_left = False
        self._typed_at = float("-inf")

    async def take(self, conversation: Conversation) -> Admission:
        """What happens in the room from now on waits in the listener, to be released. A seat that was left meanwhile
        has no room. Raises NotFound, and leaves the room again; DatabaseError.

        The room is heard before it is asked who may be in it: what changes after the answer is heard of.
        """
        self.listener.admitted = False
        self.listener.hold()
        room = await self._live.hub.attach(conversation.pk, self.listener)
        try:
            admission = await in_database_thread(admit_to, self._user, conversation)
        except BaseException:
            self._live.hub.detach(room, self.listener)
            raise
        self.hide(admission)
        self.listener.admitted = True
        if self._has_left:
            self._live.hub.detach(room, self.listener)
        else:
            self.room = room
        return admission

    def hide(self, admission: Hiding) -> None:
        self.listener.hides = admission.hides
        self.listener.deaf_to = admission.deaf_to

    def leave(self) -> Room | None:
        """The room that was left, unless there is none."""
        self._has_left = True
        room, self.room = self.room, None
        if room is not None:
            self._live.hub.detach(room, self.listener)
        return room

    def typing(self, room: Room) -> None:
        """Told to the others, at most once a second."""
        now = time.monotonic()
        if now - self._typed_at >= TYPING_EVERY:
            self._typed_at = now
            user = self._user
            said = Whisper("typing", user.pk, user.username, others_only=True, user_email=user.email)
            self._live.hub.whisper(room.conversation_id, said)


class Sending:
    """What a socket gave to be stored: `answer` is called when it is stored or refused."""

    def __init__(self, writer: Writer, answer: Callable[[NewMessage, Outcome], None]) -> None:
        self._writer = writer
        self._answer = answer
        self._in_flight: set[asyncio.Future[Outcome]] = set()

    async def post(self, message: NewMessage) -> None:
        """Hand it to the writer; wait only while too many wait already."""
        started = time.monotonic()
        outcome = self._writer.post(message)
        self._in_flight.add(outcome)
        outcome.add_done_callback(partial(self._settle, message, started))
        while len(self._in_flight) >= IN_FLIGHT:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)

    def _settle(self, message: NewMessage, started: float, done: "asyncio.Future[Outcome]") -> None:
        self._in_flight.discard(done)
        figures.posting_seconds.note(time.monotonic() - started)
        if not done.cancelled():
            self._answer(message, done.result())
