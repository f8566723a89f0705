"""The pass that lets a bar's screen show its venue's code for a year, without anybody's session staying open there."""

from datetime import timedelta
from typing import cast

from django.core import signing

from accounts.models import User
from accounts.selectors import find_active_user
from core.seal import keyed_hash
from venues.models import Venue
from venues.selectors import venues_managed_by

SALT = "venues.screen-pass"
VALID_FOR = timedelta(days=365)


def issue_screen_pass(*, venue: Venue, by: User) -> str:
    """It ends with the year, with `by`'s password or account, and when the venue goes to another owner."""
    return signing.dumps(_what_must_hold(venue, by), salt=SALT)


def find_pass_holder(screen_pass: str, *, venue_id: int) -> User | None:
    """Who opened the screen of this venue with the pass, if all that it was tied to still holds."""
    claims = _read(screen_pass)
    if claims is None or claims["venue"] != venue_id:
        return None
    user = find_active_user(cast(int, claims["by"]))
    venue = venues_managed_by(user).filter(pk=venue_id).first() if user else None
    if user is None or venue is None or claims != _what_must_hold(venue, user):
        return None
    return user


def _what_must_hold(venue: Venue, by: User) -> dict[str, object]:
    password = keyed_hash(SALT, by.password)
    return {"venue": venue.pk, "owner": venue.owner_id, "by": by.pk, "password": password}


def _read(screen_pass: str) -> dict[str, object] | None:
    try:
        return cast(dict[str, object], signing.loads(screen_pass, salt=SALT, max_age=VALID_FOR))
    except signing.BadSignature:
        return None
