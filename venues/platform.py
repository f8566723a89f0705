"""Venues as the platform's owner sees them: with what they are billed for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce
from operator import or_

from django.db.models import OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from billing.models import Payment, Subscription
from billing.selectors import (
    last_payments_of,
    latest_status,
    latest_subscriptions_of,
    payments,
    subscriptions,
)
from core.days import on_days
from venues.models import Venue
from venues.selectors import all_venues, with_last_scan

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NONE = "none"
LIVE = "live"


@dataclass(frozen=True)
class PlatformSearch:
    """What the platform's owner asks venues for; empty means any. `subscription` is a status, or `none`."""

    text: str = ""
    status: str = ""
    subscription: str = ""
    by_scan: bool = False


def find_platform_venues(search: PlatformSearch) -> QuerySet[Venue]:
    """Every venue that matches, closed ones too, each with `last_scanned_at`; and with `scanned_at` to order by, if
    that is asked for: one that was never scanned was scanned long ago.
    """
    rows = with_last_scan(all_venues())
    if search.by_scan:
        rows = rows.annotate(scanned_at=Coalesce("last_scanned_at", Value(LONG_AGO)))
    if search.status:
        rows = rows.filter(status=search.status)
    if search.text:
        words = ("name", "address", "contact_name", "contact_email", "owner__username")
        rows = rows.filter(reduce(or_, (Q(**{f"{column}__icontains": search.text}) for column in words)))
    if search.subscription:
        rows = rows.annotate(subscription_status=latest_status(OuterRef("subscriber")))
        wanted = None if search.subscription == NONE else search.subscription
        rows = rows.filter(subscription_status=wanted)
    return rows


@dataclass(frozen=True)
class PlatformVenue:
    """A venue as the platform's owner sees it in a list."""

    venue: Venue
    subscription: Subscription | None
    last_payment: Payment | None


def with_billing(venues: Sequence[Venue]) -> list[PlatformVenue]:
    """In two queries, however many there are."""
    billed = [venue.subscriber_id for venue in venues if venue.subscriber_id is not None]
    latest, last = latest_subscriptions_of(billed), last_payments_of(billed)
    return [
        PlatformVenue(venue, latest.get(venue.subscriber_id or 0), last.get(venue.subscriber_id or 0))
        for venue in venues
    ]


def subscriptions_with_venues() -> QuerySet[Subscription]:
    return subscriptions().select_related("subscriber__venue")


def payments_with_venues() -> QuerySet[Payment]:
    return payments().select_related("subscription__subscriber__venue")


def find_subscriptions(*, status: str = "", venue_id: int | None, plan_id: int | None) -> QuerySet[Subscription]:
    """Those that match, each with its venue. `status` may be LIVE too: any but cancelled."""
    rows = subscriptions_with_venues()
    if status:
        rows = rows.filter(status__in=Subscription.LIVE if status == LIVE else (status,))
    if venue_id is not None:
        rows = rows.filter(subscriber__venue=venue_id)
    return rows if plan_id is None else rows.filter(plan=plan_id)


@dataclass(frozen=True)
class PaymentSearch:
    """What payments are asked for; None means any. Both days are in UTC, and the last one is included."""

    venue_id: int | None = None
    plan_id: int | None = None
    subscription_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None


def find_payments(search: PaymentSearch) -> QuerySet[Payment]:
    """Those that match, each with its venue."""
    rows = payments_with_venues().filter(on_days("paid_at", search.first_day, search.last_day))
    if search.venue_id is not None:
        rows = rows.filter(subscription__subscriber__venue=search.venue_id)
    if search.plan_id is not None:
        rows = rows.filter(plan=search.plan_id)
    return rows if search.subscription_id is None else rows.filter(subscription=search.subscription_id)


def get_subscription_shown(subscription_id: int) -> Subscription:
    """With its venue; one that is known to be there."""
    return subscriptions_with_venues().get(pk=subscription_id)


def get_payment_shown(payment_id: int) -> Payment:
    """With its venue; one that is known to be there."""
    return payments_with_venues().get(pk=payment_id)


def get_platform_venue(venue_id: int) -> PlatformVenue:
    """One that is known to be there."""
    return with_billing([with_last_scan(all_venues()).get(pk=venue_id)])[0]
