"""Who a Pulseboard request is from: as everywhere, or by the refresh cookie where the access cookie has run out."""

from typing import ClassVar

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from accounts.api.authentication import (
    ACCESS_COOKIE,
    SAFE,
    SessionAuthentication,
    bearer,
    dead_tokens_refused,
    refuse_foreign_origin,
)
from accounts.api.cookies import REFRESH_COOKIE
from accounts.api.pulseboard.cookies import hand_over_access, take_back
from accounts.errors import TokenInvalid
from accounts.models import Session, User
from accounts.services.sessions import check_refresh_token, note_seen
from accounts.tokens import further_access_token, read_access_token
from core.surface.authentication import AnsweringAuthentication


class RenewingAuthentication(SessionAuthentication, AnsweringAuthentication):
    """A browser whose access cookie is gone or has run out is served by its refresh cookie, and given new ones.

    The refresh token is not replaced by that, so that what a page asks for at once is all served. A 401 takes the
    cookies back that were no good. One query, as everywhere.
    """

    documented_as: ClassVar[tuple[str, ...]] = ("Bearer", "Cookie", "RefreshCookie")

    def __init__(self) -> None:
        self._by_cookie = False
        self._renewed: tuple[Session, str] | None = None

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        if bearer(request) is not None:
            return super().authenticate(request)
        access, refresh = request.COOKIES.get(ACCESS_COOKIE, ""), request.COOKIES.get(REFRESH_COOKIE, "")
        if not (access or refresh):
            return None
        if request.method not in SAFE:
            refuse_foreign_origin(request)
        self._by_cookie = True
        with dead_tokens_refused():
            try:
                claims = read_access_token(access)
            except TokenInvalid:
                return self._renew(refresh)
            return self.admit(claims)

    def conclude(self, response: HttpResponseBase) -> None:
        if self._renewed is not None:
            hand_over_access(response, *self._renewed)
        elif self._by_cookie and response.status_code == 401:
            take_back(response)

    def _renew(self, refresh: str) -> tuple[User, Session]:
        session, now = check_refresh_token(refresh), timezone.now()
        access = further_access_token(session, now)
        self.claims = read_access_token(access)
        self._renewed = (session, access)
        note_seen(session, at=now)
        return session.user, session


class RefreshCookieAuthentication(AnsweringAuthentication):
    """By the refresh cookie alone; whoever has none, or a dead one, is told to forget what they have."""

    documented_as: ClassVar[tuple[str, ...]] = ("RefreshCookie",)

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        refuse_foreign_origin(request)
        refresh = request.COOKIES.get(REFRESH_COOKIE)
        if not refresh:
            return None
        with dead_tokens_refused():
            session = check_refresh_token(refresh)
        return session.user, session

    def conclude(self, response: HttpResponseBase) -> None:
        if response.status_code == 401:
            take_back(response)
