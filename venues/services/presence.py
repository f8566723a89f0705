"""Who is where: checking in and out."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from core.events import announce
from venues import events
from venues.geography import Place, distance_km
from venues.models import Certainty, Presence, Scan, VarId, Venue, Visit
from venues.selectors import get_current_var_id, get_serving_venue, var_ids_current


def check_in_by_claim(*, user: User, venue_id: int) -> Presence:
    """The customer says they are there. Raises VenueNotServing."""
    return _arrive(user, get_serving_venue(venue_id), Certainty.CLAIMED)


@transaction.atomic
def check_in_by_scan(*, user: User, var_id: str, place: Place | None = None) -> Presence:
    """The customer scanned a code; with `place` within the venue's radius we are surer. The scan is recorded.

    Raises VarIdNotCurrent.
    """
    scanned = get_current_var_id(var_id)
    certainty = Certainty.QR_GEO if _is_near(scanned.venue, place) else Certainty.QR
    _record_scan(scanned, user, certainty)
    return _arrive(user, scanned.venue, certainty)


@transaction.atomic
def check_in_by_earlier_scan(*, user: User, var_id: str, scanned_at: datetime) -> Presence | None:
    """The customer scanned a code a while ago and has proved only now who they are. That the code may have rotated
    meanwhile is not their doing; None if the code is gone or the venue no longer takes customers.
    """
    scanned = var_ids_current(at=scanned_at).select_related("venue").filter(value=var_id).first()
    if scanned is None:
        return None
    _record_scan(scanned, user, Certainty.QR)
    return _arrive(user, scanned.venue, Certainty.QR)


@transaction.atomic
def check_out(*, user: User) -> None:
    """Leave, wherever one is. Leaving nowhere is no error."""
    now = timezone.now()
    presence = Presence.objects.filter(user=user, until__gt=now).first()
    if presence and Presence.objects.filter(pk=presence.pk, until__gt=now).update(until=now):
        announce(events.CheckedOut(user_id=user.pk, venue_id=presence.venue_id))


def end_presence(user_id: int) -> None:
    """Forget where a person is who left for good."""
    Presence.objects.filter(user=user_id).delete()


@transaction.atomic
def _arrive(user: User, venue: Venue, certainty: Certainty) -> Presence:
    """Come, or stay longer. What is less sure than what we know already changes nothing: it must not prolong it."""
    presence = _lock_presence(user, venue, certainty)
    now = timezone.now()
    stays = presence.venue_id == venue.pk and presence.until > now
    if stays and not certainty.is_enough_for(presence.certainty):
        return presence
    if not stays:
        presence.since = now
        Visit.objects.create(user=user, venue=venue, certainty=certainty, started_at=now)
    presence.venue, presence.certainty = venue, certainty
    presence.until = now + timedelta(hours=venue.check_in_hours)
    presence.save()
    announce(events.CheckedIn(user_id=user.pk, venue_id=venue.pk, certainty=certainty))
    return presence


def _lock_presence(user: User, venue: Venue, certainty: Certainty) -> Presence:
    """The customer's one row, locked; made, as one already over, if there is none."""
    now = timezone.now()
    locked = Presence.objects.select_for_update().filter(user=user).first()
    if locked is not None:
        return locked
    try:
        with transaction.atomic():
            Presence.objects.create(user=user, venue=venue, certainty=certainty, since=now, until=now)
    except IntegrityError:
        pass
    return Presence.objects.select_for_update().get(user=user)


def _is_near(venue: Venue, place: Place | None) -> bool:
    if place is None or venue.latitude is None or venue.longitude is None:
        return False
    away = distance_km(Place(venue.latitude, venue.longitude), place)
    return away * 1000 <= venue.radius_meters


def _record_scan(scanned: VarId, user: User, certainty: Certainty) -> None:
    Scan.objects.create(venue=scanned.venue, var_id=scanned, user=user, certainty=certainty, scanned_at=timezone.now())
