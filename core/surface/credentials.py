"""What a socket's handshake says of who is calling: the first that it carries, in the order clients were promised."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Literal, cast
from urllib.parse import parse_qs

from django.conf import settings

Scope = Mapping[str, Any]

BEARER = "bearer"
ACCESS_COOKIE = "access_token"


@dataclass(frozen=True)
class Credential:
    """An access token, or a ticket that stands for one. Never to be logged."""

    kind: Literal["token", "ticket"]
    value: str


def find_credential(scope: Scope) -> Credential | None:
    """The first of header, sub-protocol, ticket, query and, from an allowed origin, cookie."""
    header = _header(scope, b"authorization")
    if header[:7].lower() == "bearer ":
        return Credential("token", header[7:].strip())
    if offers_bearer(scope):
        return Credential("token", cast(str, scope["subprotocols"][1]))
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    if "ticket" in query:
        return Credential("ticket", query["ticket"][0])
    if "token" in query:
        return Credential("token", query["token"][0])
    cookie = _cookie(scope, ACCESS_COOKIE) if _is_allowed_origin(scope) else ""
    return Credential("token", cookie) if cookie else None


def offers_bearer(scope: Scope) -> bool:
    """Whether the client named the sub-protocols `bearer, <token>`: the way for a browser to send one in a header."""
    offered = scope.get("subprotocols") or []
    return len(offered) >= 2 and offered[0] == BEARER


def own_pages_cookie(scope: Scope, name: str) -> str:
    """A cookie that is good for this server's own pages only, and not for those of allowed origins; "" without one."""
    return _cookie(scope, name) if _is_own_origin(scope) else ""


def _cookie(scope: Scope, name: str) -> str:
    try:
        cookies = SimpleCookie(_header(scope, b"cookie"))
    except CookieError:
        return ""
    morsel = cookies.get(name)
    return str(morsel.value) if morsel else ""


def _is_allowed_origin(scope: Scope) -> bool:
    """A browser sends cookies along whoever asks; what it says of the page that asked is the defence."""
    return _header(scope, b"origin") in settings.CORS_ALLOWED_ORIGINS or _is_own_origin(scope)


def _is_own_origin(scope: Scope) -> bool:
    host = _header(scope, b"host")
    own = {settings.PUBLIC_URL, f"{_scheme(scope)}://{host}"} if host else {settings.PUBLIC_URL}
    return _header(scope, b"origin") in own


def _scheme(scope: Scope) -> str:
    """That of the pages which open this socket as one to their own server: behind a trusted proxy, the proxy's."""
    forwarded = _header(scope, b"x-forwarded-proto") if settings.SECURE_PROXY_SSL_HEADER else ""
    return "https" if (forwarded or scope.get("scheme")) in {"https", "wss"} else "http"


def _header(scope: Scope, name: bytes) -> str:
    for key, value in scope.get("headers", ()):
        if key == name:
            return cast(bytes, value).decode("latin-1")
    return ""
