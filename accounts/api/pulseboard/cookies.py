"""The three cookies of a Pulseboard session."""

from datetime import timedelta

from django.http import HttpResponseBase
from django.utils import timezone

from accounts.api.authentication import ACCESS_COOKIE
from accounts.api.cookies import REFRESH_COOKIE, set_token_cookie, set_token_cookies
from accounts.models import Session, User
from accounts.tokens import TokenPair, id_token

ID_COOKIE = "id_token"
# Any request to this contract may have to renew.
REFRESH_PATH = "/api/"
AUDIENCE = "pulseboard"


def hand_over(response: HttpResponseBase, user: User, tokens: TokenPair) -> None:
    set_token_cookies(response, tokens, refresh_path=REFRESH_PATH)
    _say_who_it_is(response, user, tokens.access_lifetime)


def hand_over_access(response: HttpResponseBase, session: Session, access: str) -> None:
    """The refresh token they have stays good."""
    set_token_cookie(response, ACCESS_COOKIE, access, session.access_lifetime)
    _say_who_it_is(response, session.user, session.access_lifetime)


def take_back(response: HttpResponseBase) -> None:
    """Each on the path it was set on, since a browser keeps those of other paths apart."""
    for name, path in ((ACCESS_COOKIE, "/"), (REFRESH_COOKIE, REFRESH_PATH), (ID_COOKIE, "/")):
        response.delete_cookie(name, path=path, samesite="Lax")


def _say_who_it_is(response: HttpResponseBase, user: User, lifetime: timedelta) -> None:
    token = id_token(user, audience=AUDIENCE, issued_at=timezone.now(), lifetime=lifetime)
    set_token_cookie(response, ID_COOKIE, token, lifetime)
    response["Cache-Control"] = "no-store"
