"""The counters of the admin's first page, pushed while somebody looks."""

from typing import Annotated, Any, ClassVar

from django.conf import settings
from msgspec import Meta, Struct

from accounts.browser_sessions import users_in_browsers
from accounts.consumers.authentication import identify
from accounts.errors import SessionEnded, TicketInvalid, TokenInvalid
from analytics.realtime.board import Watcher, board
from analytics.realtime.passes import Pass
from core.errors import Forbidden
from core.realtime.outbox import Outbox
from core.realtime.wire import Frame
from core.surface.close_codes import NO_SUCH_ROOM, NOT_AUTHENTICATED
from core.surface.consumer import SocketClosed, SurfaceConsumer
from core.surface.credentials import find_credential, own_pages_cookie
from core.threads import in_database_thread

Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-01-05T19:20:00.000000Z"])]
Count = Annotated[int, Meta(ge=0, examples=[12])]


class CountersNow(Struct, tag_field="type", tag="counters", forbid_unknown_fields=True):
    """How things stand, every three seconds. "Today" began at midnight UTC."""

    at: Moment
    customers_now: Annotated[Count, Meta(description="Customers checked in somewhere.")]
    sign_ups_today: Count
    scans_today: Count
    messages_today: Count
    redemptions_today: Count
    mails_waiting: Count
    mails_failed: Annotated[Count, Meta(description="In the last thirty days.")]
    reports_open: Annotated[Count, Meta(description="Complaints that nobody has dealt with.")]


class NotShown(Struct, forbid_unknown_fields=True):
    """Something was wrong: with a frame of yours, or with the socket, which then closes."""

    error: Annotated[
        str, Meta(description="For people.", examples=["You do not have permission to perform this action."])
    ]
    code: Annotated[str, Meta(description="For programs; stable.", examples=["forbidden"])]


class LiveCountersConsumer(SurfaceConsumer):
    """What changes while a superuser looks. It takes no frames. Besides a superuser's token or ticket, the admin's own
    session opens it (the cookie `sessionid`), from this server's own pages only.
    """

    title = "The platform's counters"
    gives: ClassVar = (CountersNow, NotShown)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.outbox = Outbox(self._send, (self.scope.get("extensions") or {}).get("wire"))
        self._watcher: Watcher | None = None

    async def opened(self) -> None:
        self._watcher = Watcher(await self._find_pass(), self.outbox.send, self._show_out)
        board().attach(self._watcher)
        if self.is_closing:
            self.closed()

    async def _find_pass(self) -> Pass:
        """Raises SocketClosed for whoever is no superuser."""
        key = own_pages_cookie(self.scope, settings.SESSION_COOKIE_NAME)
        user = (await in_database_thread(users_in_browsers, [key])).get(key) if key else None
        if user is not None and user.is_superuser:
            return Pass("browser", key)
        credential = find_credential(self.scope)
        if credential is None:
            raise SocketClosed(NOT_AUTHENTICATED, TokenInvalid())
        try:
            identity = await identify(credential)
        except (TokenInvalid, TicketInvalid, SessionEnded) as refusal:
            raise SocketClosed(NOT_AUTHENTICATED, refusal) from None
        if not identity.user.is_superuser:
            raise SocketClosed(NO_SUCH_ROOM, Forbidden())
        return Pass("token", str(identity.session_id), identity.expires_at)

    def _show_out(self) -> None:
        self.tell(SessionEnded())
        self.close(NOT_AUTHENTICATED)

    def closed(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            board().detach(watcher)

    def answered(self) -> None:
        self.outbox.open()

    async def received(self, frame: Any) -> None:
        """None of the frames it takes ever comes."""

    def send_payload(self, payload: bytes) -> None:
        self.outbox.send(Frame(payload))

    def close(self, code: int) -> None:
        self.outbox.close(code)
        self.closed()

    @property
    def is_closing(self) -> bool:
        return self.outbox.is_closing
