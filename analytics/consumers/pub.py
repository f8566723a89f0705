"""The counters of the admin's first page and of the owners' dashboard, pushed while somebody looks."""

from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qs

import msgspec
from django.conf import settings
from msgspec import Meta, Struct

from accounts.browser_sessions import users_in_browsers
from accounts.consumers.authentication import identify
from accounts.errors import SessionEnded, TicketInvalid, TokenInvalid
from accounts.models import User
from analytics.counters import Own, Platform, View
from analytics.realtime.board import Watcher, board
from analytics.realtime.passes import Pass
from core.errors import DomainError, Forbidden, NotFound
from core.realtime.outbox import Outbox
from core.realtime.wire import Frame
from core.surface.close_codes import NO_SUCH_ROOM, NOT_AUTHENTICATED
from core.surface.consumer import SocketClosed, SurfaceConsumer
from core.surface.credentials import find_credential, own_pages_cookie
from core.threads import in_database_thread

Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-01-05T19:20:00.000000Z"])]
VenueId = Annotated[int, Meta(ge=1)]
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


class OwnCountersNow(Struct, tag_field="type", tag="counters", forbid_unknown_fields=True):
    """How things stand at the owner's venues, every three seconds. "Today" began at midnight UTC."""

    at: Moment
    customers_now: Annotated[Count, Meta(description="Customers checked in there.")]
    offers_open: Annotated[Count, Meta(description="Offers that can be redeemed now.")]
    scans_today: Count
    messages_today: Annotated[Count, Meta(description="In the venues' groups.")]
    redemptions_today: Count


class NotShown(Struct, forbid_unknown_fields=True):
    """Something was wrong: with a frame of yours, or with the socket, which then closes."""

    error: Annotated[
        str, Meta(description="For people.", examples=["You do not have permission to perform this action."])
    ]
    code: Annotated[str, Meta(description="For programs; stable.", examples=["forbidden"])]


class CountersConsumer(SurfaceConsumer):
    """What changes while somebody looks. Besides a token or ticket, the session of the browser opens it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.outbox = Outbox(self._send, (self.scope.get("extensions") or {}).get("wire"))
        self._watcher: Watcher | None = None

    def view_of(self, user: User) -> View:
        """What they would look at; the view says whether they may. Raises SocketClosed."""
        raise NotImplementedError

    async def opened(self) -> None:
        self._watcher = Watcher(*await self._find_pass(), self.outbox.send, self._show_out)
        board().attach(self._watcher)
        if self.is_closing:
            self.closed()

    async def _find_pass(self) -> tuple[Pass, View]:
        """And what it lets them look at. Raises SocketClosed for whoever may not."""
        key = own_pages_cookie(self.scope, settings.SESSION_COOKIE_NAME)
        user = (await in_database_thread(users_in_browsers, [key])).get(key) if key else None
        if user is not None and (view := self.view_of(user)).admits(user):
            return Pass("browser", key), view
        credential = find_credential(self.scope)
        if credential is None:
            raise SocketClosed(NOT_AUTHENTICATED, TokenInvalid())
        try:
            identity = await identify(credential)
        except (TokenInvalid, TicketInvalid, SessionEnded) as refusal:
            raise SocketClosed(NOT_AUTHENTICATED, refusal) from None
        view = self.view_of(identity.user)
        if not view.admits(identity.user):
            raise SocketClosed(NO_SUCH_ROOM, Forbidden())
        return Pass("token", str(identity.session_id), identity.expires_at), view

    def _show_out(self, refusal: DomainError) -> None:
        self.tell(refusal)
        self.close(NOT_AUTHENTICATED if isinstance(refusal, SessionEnded) else NO_SUCH_ROOM)

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


class LiveCountersConsumer(CountersConsumer):
    """What changes while a superuser looks. It takes no frames. Besides a superuser's token or ticket, the admin's own
    session opens it (the cookie `sessionid`), from this server's own pages only.
    """

    title = "The platform's counters"
    gives: ClassVar = (CountersNow, NotShown)

    def view_of(self, user: User) -> View:
        return Platform()


class OwnCountersConsumer(CountersConsumer):
    """What changes while a venue owner looks, at all their venues or, with `?venue=<id>`, at that one of them. It takes
    no frames. Besides an owner's token or ticket, the dashboard's own session opens it (the cookie `sessionid`), from
    this server's own pages only.
    """

    title = "The counters of an owner's venues"
    gives: ClassVar = (OwnCountersNow, NotShown)

    def view_of(self, user: User) -> View:
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        return Own(user.pk, _venue_id(query["venue"][0]) if "venue" in query else None)


def _venue_id(asked: str) -> int:
    try:
        return msgspec.json.decode(asked, type=VenueId)
    except msgspec.DecodeError:
        raise SocketClosed(NO_SUCH_ROOM, NotFound()) from None
