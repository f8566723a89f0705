"""Tokens as cookies, for browsers whose scripts should not see them."""

from django.conf import settings
from django.http import HttpResponseBase
from rest_framework.request import Request

from accounts.api.authentication import ACCESS_COOKIE, refuse_foreign_origin
from accounts.tokens import TokenPair

REFRESH_COOKIE = "refresh_token"
REFRESH_PATH = "/token/"


def set_token_cookies(response: HttpResponseBase, tokens: TokenPair) -> None:
    """The access token goes everywhere, the refresh token only where tokens are renewed; each lives as it does."""
    for name, token, lifetime, path in (
        (ACCESS_COOKIE, tokens.access, tokens.access_lifetime, "/"),
        (REFRESH_COOKIE, tokens.refresh, tokens.refresh_lifetime, REFRESH_PATH),
    ):
        response.set_cookie(
            name, token, max_age=lifetime, path=path, secure=settings.SECURE_COOKIES, httponly=True, samesite="Lax"
        )


def refresh_cookie(request: Request) -> str:
    """The refresh token a browser sent along, or nothing. Raises ForeignOrigin where another site's page asked."""
    token = request.COOKIES.get(REFRESH_COOKIE, "")
    if token:
        refuse_foreign_origin(request)
    return token
