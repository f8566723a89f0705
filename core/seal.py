"""Keeping what must be given back later and must not be readable in the database.

Fernet (AES-128-CBC with HMAC-SHA256) under a key derived from SECRET_KEY, a purpose and an optional second secret
that the database does not hold.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def keyed_hash(purpose: str, value: str) -> str:
    """HMAC-SHA256 in hex: equal values meet, and the stored hash says nothing without the server's key."""
    key = f"{purpose}:{settings.SECRET_KEY}".encode()
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def seal(value: str, *, purpose: str, secret: str = "") -> str:
    return _fernet(purpose, secret).encrypt(value.encode()).decode()


def unseal(sealed: str, *, purpose: str, secret: str = "") -> str | None:
    """The sealed value, or None when it was sealed under another key or tampered with."""
    try:
        return _fernet(purpose, secret).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _fernet(purpose: str, secret: str) -> Fernet:
    digest = bytes.fromhex(keyed_hash(f"seal.{purpose}", secret))
    return Fernet(base64.urlsafe_b64encode(digest))
