"""From the claims of a verified ID token to the identity we keep. A provider's signature does not make them sane."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.errors import EmailNotVerified, GoogleRefused
from accounts.services.external_identities import VerifiedIdentity

MAXIMUM_SUBJECT = 255
MAXIMUM_EMAIL = 254
MAXIMUM_NAME = 150


def read_identity(claims: Mapping[str, Any]) -> VerifiedIdentity:
    """Raises EmailNotVerified, and GoogleRefused for a subject or e-mail address that cannot be one."""
    subject, email = claims.get("sub"), claims.get("email")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAXIMUM_SUBJECT or not _is_plain(subject):
        raise GoogleRefused
    if claims.get("email_verified") is not True:
        raise EmailNotVerified
    return VerifiedIdentity(
        issuer=str(claims["iss"]),
        subject=subject,
        email=_email(email),
        name=_name(claims.get("name")),
        first_name=_name(claims.get("given_name")),
        last_name=_name(claims.get("family_name")),
    )


def _email(claimed: object) -> str:
    if not isinstance(claimed, str) or len(claimed) > MAXIMUM_EMAIL:
        raise GoogleRefused
    try:
        validate_email(claimed)
    except ValidationError:
        raise GoogleRefused from None
    return claimed.lower()


def _name(claimed: object) -> str:
    """What can be shown of a name: no control characters and no halves of surrogate pairs."""
    if not isinstance(claimed, str):
        return ""
    return "".join(character for character in claimed if character.isprintable()).strip()[:MAXIMUM_NAME]


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()
