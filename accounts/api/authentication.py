"""Who a request is from: an access token in the Authorization header or the access_token cookie."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.errors import ForeignOrigin, SessionEnded, TokenInvalid
from accounts.models import Session, User
from accounts.selectors import get_live_session
from accounts.services.sessions import note_seen
from accounts.tokens import Claims, read_access_token

ACCESS_COOKIE = "access_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SessionAuthentication(BaseAuthentication):
    """`request.user` and `request.auth` (the Session) in one query. A dead token is refused, not ignored."""

    documented_as: ClassVar[tuple[str, ...]] = ("Bearer", "Cookie")

    claims: Claims

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        token = _presented(request)
        if token is None:
            return None
        with dead_tokens_refused():
            return self.admit(read_access_token(token))

    def admit(self, claims: Claims) -> tuple[User, Session]:
        """Raises SessionEnded."""
        self.claims, session = claims, get_live_session(claims)
        note_seen(session, at=timezone.now())
        return session.user, session


class OptionalBearer(BaseAuthentication):
    """For what another secret opens: whom a live Bearer token says it is, and nobody without one or with a dead one."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        token = bearer(request)
        if token is None:
            return None
        try:
            session = get_live_session(read_access_token(token))
        except (TokenInvalid, SessionEnded):
            return None
        return session.user, session


@contextmanager
def dead_tokens_refused() -> Iterator[None]:
    try:
        yield
    except (TokenInvalid, SessionEnded) as refusal:
        raise AuthenticationFailed(refusal.message, code=refusal.code) from None


def claims_of(request: Request) -> Claims:
    """What the token of a signed-in request says."""
    authentication = request.successful_authenticator
    assert isinstance(authentication, SessionAuthentication)
    return authentication.claims


def _presented(request: Request) -> str | None:
    token = bearer(request)
    if token is None:
        token = request.COOKIES.get(ACCESS_COOKIE) or None
        if token is not None and request.method not in SAFE:
            refuse_foreign_origin(request)
    return token


def bearer(request: Request) -> str | None:
    """The token in the Authorization header. Raises AuthenticationFailed for a header that is none."""
    parts = get_authorization_header(request).split()
    if not parts or parts[0].lower() != b"bearer":
        return None
    if len(parts) != 2:
        raise AuthenticationFailed("The Authorization header is malformed.", code="token_invalid")
    return parts[1].decode("latin-1")


def refuse_foreign_origin(request: Request) -> None:
    """A browser sends cookies along whoever asks; what it says of the page that asked is the defence."""
    origin = request.headers.get("Origin")
    if origin is None:
        if request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}:
            return
        raise ForeignOrigin
    own = {f"{request.scheme}://{request.get_host()}", settings.PUBLIC_URL, *settings.CORS_ALLOWED_ORIGINS}
    if origin not in own or not urlsplit(origin).netloc:
        raise ForeignOrigin
