"""Access and refresh tokens: simplejwt's, signed with JWT_SECRET_KEY, naming their session.

A pair follows from the session, the refresh token's id and the time of issue alone. That is how two tabs that refresh
with the same token at the same moment get the same answer without any token being stored.
"""

import base64
import binascii
import hashlib
import hmac
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.errors import TokenInvalid
from accounts.models import Session, User


def _key_id(key: str) -> str:
    return hashlib.sha256(f"kid:{key}".encode()).hexdigest()[:8]


class RotatingKeyBackend(TokenBackend):
    """Signs with the current key and verifies with whichever of the known keys the token's `kid` names."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__("HS256", signing_key=keys[0])
        self.keys = {_key_id(key): key for key in keys}
        self.current = _key_id(keys[0])

    def encode(self, payload: dict[str, Any]) -> str:
        return jwt.encode(payload, self.keys[self.current], algorithm="HS256", headers={"kid": self.current})

    def get_verifying_key(self, token: Any) -> Any:
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except (jwt.InvalidTokenError, ValueError):
            key_id = None
        return self.keys.get(key_id or "", self.keys[self.current])


_backend = RotatingKeyBackend([settings.JWT_SECRET_KEY, *settings.JWT_PREVIOUS_SECRET_KEYS])


class SessionAccessToken(AccessToken):
    _token_backend = _backend


class SessionRefreshToken(RefreshToken):
    _token_backend = _backend


class IdToken(Token):
    """Says who somebody is and lets nobody in: no reader of ours takes its type, and it names no session."""

    token_type = "id"  # noqa: S105 - what kind it is
    lifetime = timedelta(minutes=15)
    _token_backend = _backend


@dataclass(frozen=True)
class TokenPair:
    """Both tokens, and how long each lives from its issue."""

    access: str
    refresh: str
    access_lifetime: timedelta
    refresh_lifetime: timedelta


@dataclass(frozen=True)
class Claims:
    """What a verified token says."""

    session_id: uuid.UUID
    user_id: int
    token_id: str
    issued_at: int
    expires_at: int


def new_token_id() -> str:
    return uuid.uuid4().hex


def next_token_id(token_id: str) -> str:
    """The id of the refresh token that replaces this one. Without the server's key nobody can tell it."""
    return _derive("refresh", token_id)


def hash_token_id(token_id: str) -> str:
    return hashlib.sha256(token_id.encode()).hexdigest()


def token_pair(session: Session, refresh_id: str, issued_at: datetime) -> TokenPair:
    access_id = _derive("access", refresh_id)
    return TokenPair(
        _signed(SessionAccessToken(), session, access_id, issued_at, session.access_lifetime),
        _signed(SessionRefreshToken(), session, refresh_id, issued_at, session.refresh_lifetime),
        session.access_lifetime,
        session.refresh_lifetime,
    )


def further_access_token(session: Session, issued_at: datetime) -> str:
    """One more beside the one that was issued with the session's refresh token, which stays as it is."""
    access_id = _derive("access", f"{session.refresh_hash} at {issued_at.timestamp():.0f}")
    return _signed(SessionAccessToken(), session, access_id, issued_at, session.access_lifetime)


def id_token(user: User, *, audience: str, issued_at: datetime, lifetime: timedelta) -> str:
    """Who `user` is, in OpenID Connect's standard claims."""
    token = IdToken()
    del token.payload["jti"]
    token.payload |= {
        "iss": settings.PUBLIC_URL,
        "aud": audience,
        "sub": str(user.uuid),
        "email": user.email,
        "name": user.get_full_name() or user.username,
        "preferred_username": user.username,
    }
    token.set_iat(at_time=issued_at)
    token.set_exp(from_time=issued_at, lifetime=lifetime)
    return str(token)


def _signed(token: Token, session: Session, token_id: str, issued_at: datetime, lifetime: timedelta) -> str:
    token["jti"] = token_id
    token["sid"] = str(session.id)
    token["user_id"] = session.user_id
    token.set_iat(at_time=issued_at)
    token.set_exp(from_time=issued_at, lifetime=lifetime)
    return str(token)


def read_access_token(token: str) -> Claims:
    """Raises TokenInvalid."""
    claims = _read_access_token(token)
    if claims.expires_at <= time.time():
        raise TokenInvalid
    return claims


@lru_cache(maxsize=4096)
def _read_access_token(token: str) -> Claims:
    """A client sends the same one again and again, and until it runs out it says the same. Whether its session lives is
    asked each time.
    """
    return _read(SessionAccessToken, token)


def read_refresh_token(token: str) -> Claims:
    """Raises TokenInvalid."""
    return _read(SessionRefreshToken, token)


def is_due(access: str, session: Session) -> bool:
    """Whether an access token should be renewed: not one of `session`'s, or less than half of its life is left."""
    try:
        claims = read_access_token(access)
    except TokenInvalid:
        return True
    left = claims.expires_at - timezone.now().timestamp()
    return claims.session_id != session.pk or 2 * left < claims.expires_at - claims.issued_at


def _read(kind: type[Token], token: str) -> Claims:
    if not _is_canonical(token):
        raise TokenInvalid
    try:
        verified = kind(token)  # type: ignore[arg-type]
        return Claims(
            session_id=uuid.UUID(verified["sid"]),
            user_id=int(verified["user_id"]),
            token_id=str(verified["jti"]),
            issued_at=int(verified["iat"]),
            expires_at=int(verified["exp"]),
        )
    except (TokenError, KeyError, ValueError, TypeError, AttributeError):
        raise TokenInvalid from None


def _is_canonical(token: str) -> bool:
    """Whether the signature is written the one way we write it; base64 decoders also take stray and spare bits."""
    signature = token.rpartition(".")[2]
    try:
        decoded = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except (binascii.Error, ValueError):
        return False
    return base64.urlsafe_b64encode(decoded).decode().rstrip("=") == signature


def _derive(kind: str, token_id: str) -> str:
    key = f"token-id:{settings.JWT_SECRET_KEY}".encode()
    return hmac.new(key, f"{kind}:{token_id}".encode(), hashlib.sha256).hexdigest()[:32]
