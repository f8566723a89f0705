"""Making, changing and closing venues."""

from collections.abc import Sequence
from datetime import time
from typing import TypedDict

from django.db import transaction

from accounts.models import User, UserType
from accounts.selectors import find_active_user
from billing.services.subscriptions import rename_subscriber
from core.events import announce
from venues import events
from venues.errors import OpeningHoursRepeated, OwnerNotYours, OwnerUnknown, PlaceIncomplete, StatusHeld
from venues.models import OpeningHours, Venue
from venues.services.locks import lock_venue
from venues.services.var_ids import shorten_shown_var_id


class OpeningSpan(TypedDict):
    """`day` is 0 for Monday; one that closes at or before it opens ends the next day."""

    day: int
    opens: time
    closes: time


class VenueFields(TypedDict, total=False):
    """What is to be written; what is missing stays as it is. Opening hours are replaced as a whole."""

    name: str
    kind: str
    status: str
    owner_id: int | None
    address: str
    latitude: float | None
    longitude: float | None
    time_zone: str
    contact_name: str
    contact_email: str
    contact_phone: str
    qr_gen_frequency_hours: int
    check_in_hours: int
    radius_meters: int
    opening_hours: Sequence[OpeningSpan]


GOVERNED = frozenset({"status", "owner_id", "opening_hours"})


@transaction.atomic
def create_venue(*, by: User, fields: VenueFields) -> Venue:
    """A venue of `by`; a superuser's belongs to the owner named in `fields`, or to nobody yet.

    Raises OwnerNotYours, OwnerUnknown, PlaceIncomplete and OpeningHoursRepeated.
    """
    venue = Venue(owner=None if by.is_superuser else by)
    _give(venue, by, fields)
    _set_status(venue, by, fields.get("status", venue.status))
    _write(venue, fields)
    announce(events.VenueCreated(venue_id=venue.pk, by_id=by.pk))
    return venue


@transaction.atomic
def update_venue(*, venue: Venue, by: User, fields: VenueFields) -> Venue:
    """Raises OwnerNotYours, OwnerUnknown, StatusHeld, PlaceIncomplete and OpeningHoursRepeated."""
    locked = lock_venue(venue.pk)
    old_status, old_frequency = locked.status, locked.qr_gen_frequency_hours
    _give(locked, by, fields)
    _set_status(locked, by, fields.get("status", locked.status))
    _write(locked, fields)
    if locked.qr_gen_frequency_hours < old_frequency:
        shorten_shown_var_id(venue=locked)
    if locked.subscriber_id is not None and "name" in fields:
        rename_subscriber(subscriber_id=locked.subscriber_id, name=locked.name)
    if locked.status != old_status:
        announce(events.VenueStatusChanged(venue_id=locked.pk, old=old_status, new=locked.status, by_id=by.pk))
    return locked


def change_venue_status(*, venue: Venue, status: str, by: User) -> Venue:
    """Raises StatusHeld."""
    return update_venue(venue=venue, by=by, fields={"status": status})


def close_venue(*, venue: Venue, by: User) -> Venue:
    """What deleting a venue comes to: its history stays. Raises StatusHeld."""
    return change_venue_status(venue=venue, status=Venue.Status.CLOSED, by=by)


def _give(venue: Venue, by: User, fields: VenueFields) -> None:
    owner_id = fields.get("owner_id", venue.owner_id)
    if owner_id == venue.owner_id:
        return
    if not by.is_superuser:
        raise OwnerNotYours
    if owner_id is not None:
        owner = find_active_user(owner_id)
        if owner is None or owner.user_type_id != UserType.VENUE_OWNER:
            raise OwnerUnknown
    venue.owner_id = owner_id


def _set_status(venue: Venue, by: User, status: str) -> None:
    if status == venue.status:
        return
    if venue.held_by_platform and not by.is_superuser:
        raise StatusHeld
    venue.held_by_platform = by.is_superuser and status != Venue.Status.ACTIVE
    venue.status = status


def _write(venue: Venue, fields: VenueFields) -> None:
    for name, value in fields.items():
        if name not in GOVERNED:
            setattr(venue, name, value)
    if (venue.latitude is None) != (venue.longitude is None):
        raise PlaceIncomplete
    venue.save()
    if "opening_hours" in fields:
        _replace_opening_hours(venue, fields["opening_hours"])


def _replace_opening_hours(venue: Venue, spans: Sequence[OpeningSpan]) -> None:
    if len({(span["day"], span["opens"]) for span in spans}) < len(spans):
        raise OpeningHoursRepeated
    OpeningHours.objects.filter(venue=venue).delete()
    OpeningHours.objects.bulk_create(OpeningHours(venue=venue, **span) for span in spans)
