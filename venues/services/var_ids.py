"""What opens a venue: the var_ids that rotate on its screen, and those an admin names, such as `v1`."""

import re
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from core.events import announce
from venues import events
from venues.errors import VarIdTaken, VarIdUnusable, VenueNotServing
from venues.models import VarId, Venue
from venues.selectors import find_showable_var_id
from venues.services.locks import lock_venue

RANDOM_BYTES = 9
USABLE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def show_var_id(*, venue: Venue) -> VarId:
    """What the venue's screen shows now; made if it is due, and once, however many ask at the same time.

    Raises VenueNotServing.
    """
    if not venue.is_serving:
        raise VenueNotServing
    return find_showable_var_id(venue) or _rotate_if_still_due(venue)


@transaction.atomic
def generate_var_id(*, venue: Venue, by: User) -> VarId:
    """Another var_id at once; the one before it still serves for the grace. Raises VenueNotServing."""
    return _rotate(lock_venue(venue.pk), by_id=by.pk)


@transaction.atomic
def shorten_shown_var_id(*, venue: Venue) -> None:
    """Let what the screen shows already end as the venue's frequency now has it, but for the grace."""
    soonest = timezone.now() + VarId.GRACE
    for shown in VarId.objects.filter(venue=venue, is_shown=True, valid_until__gt=soonest):
        due = shown.valid_from + timedelta(hours=venue.qr_gen_frequency_hours)
        VarId.objects.filter(pk=shown.pk, valid_until__gt=due).update(valid_until=max(due, soonest))


@transaction.atomic
def name_var_id(*, venue: Venue, value: str) -> VarId:
    """Let `value` open the venue until an admin ends it; one that was ended is in force again.

    Raises VarIdUnusable for what a URL or a room's name could not hold, and VarIdTaken.
    """
    if not USABLE.fullmatch(value):
        raise VarIdUnusable
    named_before = VarId.objects.filter(venue=venue, value=value, is_named=True)
    if named_before.update(valid_until=None):
        return named_before.get()
    try:
        with transaction.atomic():
            return VarId.objects.create(venue=venue, value=value, valid_from=timezone.now(), is_named=True)
    except IntegrityError:
        raise VarIdTaken from None


@transaction.atomic
def end_named_var_id(*, var_id: VarId) -> None:
    """From now on it opens nothing. Ending an ended one changes nothing."""
    VarId.objects.filter(pk=var_id.pk, is_named=True, valid_until=None).update(valid_until=timezone.now())


@transaction.atomic
def _rotate_if_still_due(venue: Venue) -> VarId:
    locked = lock_venue(venue.pk)
    return find_showable_var_id(locked) or _rotate(locked, by_id=None)


def _rotate(locked: Venue, *, by_id: int | None) -> VarId:
    if not locked.is_serving:
        raise VenueNotServing
    now = timezone.now()
    shown = VarId.objects.filter(venue=locked, is_shown=True)
    shown.filter(valid_until__gt=now + VarId.GRACE).update(valid_until=now + VarId.GRACE)
    shown.update(is_shown=False)
    made = VarId.objects.create(
        venue=locked,
        value=secrets.token_urlsafe(RANDOM_BYTES),
        valid_from=now,
        valid_until=now + timedelta(hours=locked.qr_gen_frequency_hours),
        is_shown=True,
    )
    announce(events.VarIdGenerated(venue_id=locked.pk, var_id_id=made.pk, by_id=by_id))
    return made
