"""Tokens as cookies, for browsers whose scripts should not see them."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponseBase
from rest_framework.request import Request

from accounts.api.authentication import ACCESS_COOKIE, refuse_foreign_origin
from accounts.tokens import TokenPair

REFRESH_COOKIE = "refresh_token"
REFRESH_PATH = "/token/"


def set_token_cookies(response: HttpResponseBase, tokens: TokenPair, *, refresh_path: str = REFRESH_PATH) -> None:
    """The access token goes everywhere, the refresh token only where tokens are renewed; each lives as it does."""
    set_token_cookie(response, ACCESS_COOKIE, tokens.access, tokens.access_lifetime)
    set_token_cookie(response, REFRESH_COOKIE, tokens.refresh, tokens.refresh_lifetime, path=refresh_path)


def set_token_cookie(
    response: HttpResponseBase, name: str, token: str, lifetime: timedelta, *, path: str = "/"
) -> None:
    response.set_cookie(
        name, token, max_age=lifetime, path=path, secure=settings.SECURE_COOKIES, httponly=True, samesite="Lax"
    )


def refresh_cookie(request: Request) -> str:
    """The refresh token a browser sent along, or nothing. Raises ForeignOrigin where another site's page asked."""
    token = request.COOKIES.get(REFRESH_COOKIE, "")
    if token:
        refuse_foreign_origin(request)
    return token
