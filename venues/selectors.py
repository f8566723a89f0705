from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from math import cos, radians
from operator import or_

from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    Window,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import ASin, Cos, Least, Power, Radians, RowNumber, Sin, Sqrt
from django.utils import timezone

from accounts.models import User
from accounts.selectors import CustomerSearch, accounts, accounts_visible_to, find_customers
from core import sql
from core.errors import NotFound
from core.prepared import Prepared, Slot
from venues.errors import VarIdNotCurrent, VenueNotServing
from venues.geography import EARTH_RADIUS_KM, Place, box_around
from venues.models import Presence, Scan, VarId, Venue, Visit


@dataclass(frozen=True)
class VenueSearch:
    """What venues are asked for; empty means any. `radius_km` bounds `near` and says nothing without it."""

    kind: str = ""
    status: str = ""
    text: str = ""
    only_own: bool = False
    near: Place | None = None
    radius_km: float | None = None


def get_serving_venue(venue_id: int) -> Venue:
    """A venue that takes customers. Raises VenueNotServing."""
    venue = Venue.objects.filter(pk=venue_id, status=Venue.Status.ACTIVE).first()
    if venue is None:
        raise VenueNotServing
    return venue


def get_managed_venue(user: User, venue_id: int) -> Venue:
    """A venue `user` may manage: their own, or any for a superuser. Raises NotFound."""
    venue = venues_managed_by(user).filter(pk=venue_id).first()
    if venue is None:
        raise NotFound
    return venue


def get_visible_venue(user: User, venue_id: int) -> Venue:
    """A venue `user` may know of. Raises NotFound."""
    venue = venues_visible_to(user).filter(pk=venue_id).first()
    if venue is None:
        raise NotFound
    return venue


def get_venue_name(venue_id: int) -> str:
    return Venue.objects.values_list("name", flat=True).get(pk=venue_id)


def venues_managed_by(user: User) -> QuerySet[Venue]:
    return Venue.objects.all() if user.is_superuser else Venue.objects.filter(owner=user)


def first_venues_of(owner_ids: Collection[int], limit: int) -> dict[int, list[int]]:
    """The ids of so many venues of each owner who has any, by name."""
    place = Window(RowNumber(), partition_by="owner", order_by=("name", "id"))
    owned = Venue.objects.filter(owner__in=owner_ids).annotate(place=place).filter(place__lte=limit)
    found: dict[int, list[int]] = defaultdict(list)
    for owner_id, venue_id in owned.order_by("owner", "place").values_list("owner_id", "id"):
        found[owner_id].append(venue_id)
    return found


def venues_visible_to(user: User) -> QuerySet[Venue]:
    """Everyone sees what is not closed; owners and superusers see their closed ones too."""
    if user.is_superuser:
        return Venue.objects.all()
    return Venue.objects.filter(~Q(status=Venue.Status.CLOSED) | Q(owner=user))


def find_venues(user: User, search: VenueSearch) -> QuerySet[Venue]:
    """The visible venues that match, with their opening hours; with `near` each has `distance_km`."""
    rows = venues_visible_to(user).prefetch_related("opening_hours")
    if search.only_own:
        rows = rows.filter(owner=user)
    if search.kind:
        rows = rows.filter(kind=search.kind)
    if search.status:
        rows = rows.filter(status=search.status)
    if search.text:
        rows = rows.filter(Q(name__icontains=search.text) | Q(address__icontains=search.text))
    return venues_near(rows, search.near, radius_km=search.radius_km) if search.near else rows


def venues_near(venues: QuerySet[Venue], place: Place, *, radius_km: float | None = None) -> QuerySet[Venue]:
    """The venues whose place is known, each with `distance_km`. With a radius, an index is asked for a box first."""
    rows = venues.filter(latitude__isnull=False).annotate(distance_km=_distance_from(place))
    if radius_km is None:
        return rows
    box = box_around(place, radius_km)
    rows = rows.filter(latitude__range=box.latitudes)
    if box.longitudes:
        rows = rows.filter(reduce(or_, (Q(longitude__range=longitudes) for longitudes in box.longitudes)))
    return rows.filter(distance_km__lte=radius_km)


def _distance_from(place: Place) -> Combinable:
    """The haversine formula in SQL; see `venues.geography.distance_km`."""
    north = Radians(F("latitude") - Value(place.latitude)) / 2
    east = Radians(F("longitude") - Value(place.longitude)) / 2
    shrinking = Value(cos(radians(place.latitude))) * Cos(Radians(F("latitude")))
    chord = Power(Sin(north), 2) + shrinking * Power(Sin(east), 2)
    angle = ASin(Least(Value(1.0), Sqrt(chord)), output_field=FloatField())
    return Value(2 * EARTH_RADIUS_KM, output_field=FloatField()) * angle


def with_last_scan(venues: QuerySet[Venue]) -> QuerySet[Venue]:
    """The venues, each with `last_scanned_at`, which is None where nobody has scanned yet."""
    scans = Scan.objects.filter(venue=OuterRef("pk")).order_by("-scanned_at")
    return venues.annotate(last_scanned_at=Subquery(scans.values("scanned_at")[:1]))


def all_venues() -> QuerySet[Venue]:
    return Venue.objects.all()


def venues_made_between(start: datetime, end: datetime) -> QuerySet[Venue]:
    """`end` excluded; those that have closed since are among them."""
    return Venue.objects.filter(created_at__gte=start, created_at__lt=end)


def venues_made_by(moment: datetime) -> QuerySet[Venue]:
    """All that ever joined until then, those that have closed since included."""
    return Venue.objects.filter(created_at__lte=moment)


def venue_names(venue_ids: Collection[int]) -> dict[int, str]:
    return dict(Venue.objects.filter(pk__in=venue_ids).values_list("id", "name"))


def venues_by_subscriber(subscriber_ids: Collection[int]) -> dict[int, int]:
    """The id of the venue that billing knows as each of these."""
    return dict(Venue.objects.filter(subscriber__in=subscriber_ids).values_list("subscriber_id", "id"))


def find_venue_of_subscriber(subscriber_id: int) -> Venue | None:
    """With its owner."""
    return Venue.objects.select_related("owner").filter(subscriber_id=subscriber_id).first()


def venues_serving() -> QuerySet[Venue]:
    """Those that take customers."""
    return Venue.objects.filter(status=Venue.Status.ACTIVE)


def var_ids_current(*, at: datetime | None = None) -> QuerySet[VarId]:
    """Those that open doors now, or opened them `at` an earlier moment, of venues that take customers now."""
    return _current(at or timezone.now())


_current_var_id = Prepared(
    lambda: _current(Slot("now", DateTimeField())).select_related("venue").filter(value=Slot("value", CharField()))
)


def get_current_var_id(value: str) -> VarId:
    """The var_id with its venue, if it opens doors now. Raises VarIdNotCurrent."""
    var_id = _current_var_id.first(value=value, now=timezone.now())
    if var_id is None:
        raise VarIdNotCurrent
    return var_id


def find_showable_var_id(venue: Venue) -> VarId | None:
    """What the venue's screen shows, if it is good for longer than the grace that a customer needs to use it."""
    usable_until = timezone.now() + VarId.GRACE
    return VarId.objects.filter(venue=venue, is_shown=True, valid_until__gt=usable_until).first()


def var_ids_of(venue: Venue) -> QuerySet[VarId]:
    """All it ever had, latest first."""
    return VarId.objects.filter(venue=venue)


_var_id = Prepared(lambda: VarId.objects.select_related("venue").filter(value=Slot("value", CharField())))


def find_var_id(value: str) -> VarId | None:
    """Current or not, with its venue."""
    return _var_id.first(value=value)


_presence = Prepared(
    lambda: Presence.objects.select_related("venue").filter(
        user=Slot("user_id", BigIntegerField()),
        until__gt=Slot("now", DateTimeField()),
        venue__status=Venue.Status.ACTIVE,
    )
)


def find_presence(user: User) -> Presence | None:
    """Where the customer is now, with the venue; None if nowhere or the venue no longer serves."""
    return _presence.first(user_id=user.pk, now=timezone.now())


def find_last_presence(user: User) -> Presence | None:
    """Where the customer is or was last, with the venue."""
    return Presence.objects.select_related("venue").filter(user=user).first()


def presences_of(user_ids: Collection[int]) -> frozenset[tuple[int, int]]:
    """(user, venue) for each of these people who is somewhere now: `presences_now`, asked for every message."""
    statement = f"""
        SELECT presence.user_id, presence.venue_id
        FROM venues_presence AS presence JOIN venues_venue AS venue ON venue.id = presence.venue_id
        WHERE {sql.one_of("presence.user_id")} AND presence.until > %s AND venue.status = %s
        """  # noqa: S608 - what is put in here are names
    found = sql.fetch(statement, sql.listed(user_ids), sql.as_time(timezone.now()), Venue.Status.ACTIVE.value)
    return frozenset((user_id, venue_id) for user_id, venue_id in found)


def presences_at(venue: Venue, *, at: datetime) -> QuerySet[Presence]:
    """Who is there, with the customers and their profiles, latest come first. `at` is now or later."""
    people = Presence.objects.filter(venue=venue, until__gt=at).select_related("user__customer_profile")
    return people.order_by("-since", "-pk")


def presences_now() -> QuerySet[Presence]:
    return Presence.objects.filter(until__gt=timezone.now(), venue__status=Venue.Status.ACTIVE)


def with_current_venue(customers: QuerySet[User]) -> QuerySet[User]:
    """The customers, each with `current_venue_id`."""
    here = presences_now().filter(user=OuterRef("pk"))
    return customers.annotate(current_venue_id=Subquery(here.values("venue_id")[:1]))


def visits_to(venue: Venue) -> QuerySet[Visit]:
    return Visit.objects.filter(venue=venue)


def visits_by(user: User) -> QuerySet[Visit]:
    return Visit.objects.filter(user=user).select_related("venue")


def scans_of(venue: Venue) -> QuerySet[Scan]:
    """The scans of its codes."""
    return Scan.objects.filter(venue=venue)


def scans_between(start: datetime, end: datetime) -> QuerySet[Scan]:
    """At any venue, `end` excluded."""
    return Scan.objects.filter(scanned_at__gte=start, scanned_at__lt=end)


def visits_between(start: datetime, end: datetime) -> QuerySet[Visit]:
    """To any venue, `end` excluded."""
    return Visit.objects.filter(started_at__gte=start, started_at__lt=end)


def scans_by(user: User) -> QuerySet[Scan]:
    return Scan.objects.filter(user=user).select_related("venue", "var_id")


def people() -> QuerySet[User]:
    """Everybody who has not left, each with their profile and `current_venue_id`."""
    return with_current_venue(accounts())


def get_person_for(user: User, user_id: int) -> User:
    """One's own account, or for a superuser any customer's, with `current_venue_id`. Raises NotFound."""
    person = with_current_venue(accounts_visible_to(user)).filter(pk=user_id).first()
    if person is None:
        raise NotFound
    return person


def find_people(search: CustomerSearch, *, venue_id: int | None = None) -> QuerySet[User]:
    """The customers that match, with `current_venue_id`; with `venue_id` those who are there now."""
    rows = find_customers(search)
    if venue_id is not None:
        rows = rows.filter(pk__in=presences_now().filter(venue=venue_id).values("user"))
    return with_current_venue(rows)


def _current(moment: datetime | Slot) -> QuerySet[VarId]:
    ends = Q(valid_until=None) | Q(valid_until__gt=moment)
    return VarId.objects.filter(ends, valid_from__lte=moment, venue__status=Venue.Status.ACTIVE)
