"""A socket that is somebody's: signed in once or again by its client, and gone with the session and the token."""

import asyncio
import time
from typing import Any, ClassVar

from accounts.consumers.authentication import SocketIdentity, identify
from accounts.errors import SessionEnded, TicketInvalid, TokenInvalid
from accounts.models import User
from accounts.realtime import people_watch
from core.errors import Forbidden
from core.realtime.outbox import Outbox
from core.realtime.wire import Frame
from core.surface.close_codes import NOT_AUTHENTICATED
from core.surface.consumer import SocketClosed, SurfaceConsumer
from core.surface.credentials import Credential, find_credential
from core.surface.socket_figures import figures

TOKEN_WAIT = 10.0


class SignedInConsumer(SurfaceConsumer):
    """A subclass implements `signed_in`, `reconsider`, `left` and `received`.

    Where `takes_token_in_frames`, a client whose handshake said nothing of who it is has ten seconds to say it in a
    frame, by `sign_in`; elsewhere it is closed at once.
    """

    takes_token_in_frames: ClassVar[bool] = False

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        wire = (self.scope.get("extensions") or {}).get("wire")
        self.outbox = Outbox(self._send, wire)
        self.identity: SocketIdentity | None = None
        self._has_left = False
        self._expiry: asyncio.TimerHandle | None = None

    async def signed_in(self, user: User) -> None:
        """They are known for the first time. Should the socket begin to close meanwhile, `left` is called after it."""

    def reconsider(self) -> None:
        """What they may see or hear may have changed. May be called at any time from the first sign-in on."""

    def left(self) -> None:
        """The socket is closing or gone: let go of everything, without waiting. Called again if need be."""

    async def opened(self) -> None:
        self._people = await people_watch()
        credential = find_credential(self.scope)
        if credential is not None:
            await self.sign_in(credential)
        elif self.takes_token_in_frames:
            self._close_after(TOKEN_WAIT)
        else:
            raise SocketClosed(NOT_AUTHENTICATED, TokenInvalid())

    async def sign_in(self, credential: Credential) -> None:
        """Accept a token, the first one or a later one of the same user. Raises SocketClosed, Forbidden."""
        try:
            identity = await identify(credential)
        except (TokenInvalid, TicketInvalid, SessionEnded) as refusal:
            raise SocketClosed(NOT_AUTHENTICATED, refusal) from None
        if self.identity is not None and identity.user.pk != self.identity.user.pk:
            raise Forbidden("This token is another user's.", code="other_users_token")
        is_first = self.identity is None
        self._watch(identity)
        if self.is_closing:
            raise SocketClosed(NOT_AUTHENTICATED)
        if is_first:
            await self.signed_in(identity.user)
            if self._has_left:
                self.left()

    def closed(self) -> None:
        """Also called as soon as a close begins: nobody need wait for the client to answer it."""
        self._has_left = True
        if self._expiry is not None:
            self._expiry.cancel()
        self._forget_identity()
        self.left()

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

    @property
    def user(self) -> User:
        """Until its first valid token a socket may say nothing. Raises SocketClosed."""
        if self.identity is None:
            raise SocketClosed(NOT_AUTHENTICATED, TokenInvalid())
        return self.identity.user

    def _watch(self, identity: SocketIdentity) -> None:
        self._forget_identity()
        self.identity = identity
        self._close_after(max(0.0, identity.expires_at - time.time()))
        self._people.users.watch(identity.user.pk, self.reconsider)
        self._people.watch_session(identity.session_id, self._run_out)

    def _forget_identity(self) -> None:
        if self.identity is not None:
            self._people.forget_session(self.identity.session_id, self._run_out)
            self._people.users.forget(self.identity.user.pk, self.reconsider)

    def _close_after(self, seconds: float) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(seconds, self._run_out)

    def _run_out(self) -> None:
        """The socket dies with its session, and with its token."""
        self.tell(TokenInvalid())
        self.close(NOT_AUTHENTICATED)
