"""What an owner looks at: how their own venues do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import ExtractHour

from accounts.models import User
from activity.models import ActivityEntry
from activity.selectors import recent_activity_on
from analytics.counters import VENUES_SHOWN, OwnCounters, counters_of_venues
from analytics.days import months_up_to, span_shown
from analytics.figures import Asked, by_month, in_all
from analytics.models import Metric, Scope
from analytics.platform import BusyHour, BusyVenue, Compared, Moment, money
from analytics.sources import Key
from billing.models import Subscription
from billing.selectors import subscriptions_of
from chat.selectors.conversations import groups_of
from core.errors import NotFound
from core.prepared import OneOf
from offers.models import Offer, Redemption
from offers.selectors import offers_managed_by, redemptions
from venues.models import Venue
from venues.selectors import scans_between, venues_managed_by

SHOWN = 10
# What is done to a venue, its group and its subscriptions; not what the admin changed, nor who said what or was muted.
SHOWN_ACTIVITY = (
    "venue_created",
    "venue_status_changed",
    "group_closed",
    "group_opened",
    "subscription_started",
    "subscription_status_changed",
)
MONTHLY = (Metric.SCANS, Metric.MESSAGES, Metric.REDEMPTIONS)


@dataclass(frozen=True)
class OwnMonth:
    """`paid` is what was paid for the venues' subscriptions less what was given back."""

    month: date
    scans: int
    messages: int
    redemptions: int
    paid: Decimal


@dataclass(frozen=True)
class OwnerDashboard:
    """`venue` is the one that is looked at; None for all of them. `zone` is whose hours `hours` are.
    `subscriptions` are the latest of each venue, None of one that never had any.
    """

    venues: list[Venue]
    venue: Venue | None
    now: OwnCounters
    this_month: dict[Metric, Compared]
    months: list[OwnMonth]
    zone: str
    hours: list[BusyHour]
    busy_venues: list[BusyVenue]
    top_offers: list[Offer]
    subscriptions: list[tuple[Venue, Subscription | None]]
    recent_redemptions: list[Redemption]
    recent_activity: list[ActivityEntry]


def owner_dashboard(user: User, moment: Moment, *, venue_id: int | None = None) -> OwnerDashboard:
    """Of one of their venues, or of all: the first 200 of those who have more. Raises NotFound for anybody else's."""
    venues = list(
        venues_managed_by(user).only("id", "name", "time_zone", "subscriber").order_by("name", "id")[:VENUES_SHOWN]
    )
    looked_at = [venue for venue in venues if venue_id in (None, venue.pk)]
    if venue_id is not None and not looked_at:
        raise NotFound
    ids = tuple(venue.pk for venue in looked_at)
    zone, months = _zone_of(looked_at), _months(ids, moment)
    subscriptions = subscriptions_of([venue.subscriber_id for venue in looked_at if venue.subscriber_id is not None])
    return OwnerDashboard(
        venues=venues,
        venue=looked_at[0] if venue_id is not None else None,
        now=counters_of_venues(ids, moment.at),
        this_month=_this_month(ids, months, moment),
        months=months,
        zone=zone,
        hours=_hours(ids, moment, zone),
        busy_venues=_busy_venues(looked_at, moment),
        top_offers=_top_offers(user, ids),
        subscriptions=_latest(looked_at, subscriptions),
        recent_redemptions=_recent_redemptions(ids),
        recent_activity=_recent_activity(ids, subscriptions),
    )


def _zone_of(venues: Sequence[Venue]) -> str:
    """Their own where they share one."""
    zones = {venue.time_zone for venue in venues}
    return zones.pop() if len(zones) == 1 else "UTC"


def _this_month(ids: tuple[int, ...], months: Sequence[OwnMonth], moment: Moment) -> dict[Metric, Compared]:
    """The last of the months, against the month before up to the same day."""
    _, before = moment.months_so_far
    sums: Counter[Metric] = Counter()
    for key, value in in_all(Asked(Scope.VENUE, MONTHLY, ids), before, moment.closed).items():
        sums[key.metric] += value
    return {metric: Compared(getattr(months[-1], metric.value), sums[metric]) for metric in MONTHLY}


def _months(ids: tuple[int, ...], moment: Moment) -> list[OwnMonth]:
    asked = Asked(Scope.VENUE, (*MONTHLY, Metric.REVENUE), ids)
    sums: Counter[tuple[date, Metric, str]] = Counter()
    for key, value in by_month(asked, span_shown(moment.today), moment.closed).items():
        sums[key.day, key.metric, key.unit] += value
    return [
        OwnMonth(
            first,
            scans=sums[first, Metric.SCANS, ""],
            messages=sums[first, Metric.MESSAGES, ""],
            redemptions=sums[first, Metric.REDEMPTIONS, ""],
            paid=money(sums[first, Metric.REVENUE, moment.currency]),
        )
        for first in months_up_to(moment.today)
    ]


def _hours(ids: tuple[int, ...], moment: Moment, zone: str) -> list[BusyHour]:
    scans = scans_between(moment.lately.since, moment.at).filter(OneOf("venue", ids)).order_by()
    by_hour = scans.annotate(hour=ExtractHour("scanned_at", tzinfo=ZoneInfo(zone))).values_list("hour")
    counted = dict(by_hour.annotate(count=Count("pk")))
    return [BusyHour(hour, counted.get(hour, 0)) for hour in range(24)]


def _busy_venues(venues: Sequence[Venue], moment: Moment) -> list[BusyVenue]:
    span = moment.lately
    asked = Asked(Scope.VENUE, (Metric.SCANS, Metric.REDEMPTIONS), tuple(venue.pk for venue in venues))
    counts = in_all(asked, span, moment.closed)
    busy = [
        BusyVenue(
            venue.pk,
            venue.name,
            counts[Key(span.first, Metric.SCANS, Scope.VENUE, venue.pk)],
            counts[Key(span.first, Metric.REDEMPTIONS, Scope.VENUE, venue.pk)],
        )
        for venue in venues
    ]
    return sorted(busy, key=lambda venue: (-venue.scans, -venue.redemptions, venue.id))[:SHOWN]


def _top_offers(user: User, ids: tuple[int, ...]) -> list[Offer]:
    redeemed = offers_managed_by(user).filter(OneOf("venue", ids), redeemed_count__gt=0)
    return list(redeemed.order_by("-redeemed_count", "title", "id")[:SHOWN])


def _recent_redemptions(ids: tuple[int, ...]) -> list[Redemption]:
    rows = redemptions().filter(OneOf("venue", ids)).select_related("offer", "customer", "venue")
    return list(rows.order_by("-redeemed_at", "id")[:SHOWN])


def _latest(venues: Sequence[Venue], subscriptions: Sequence[Subscription]) -> list[tuple[Venue, Subscription | None]]:
    latest = {subscription.subscriber_id: subscription for subscription in subscriptions}
    return [(venue, latest.get(venue.subscriber_id or 0)) for venue in venues]


def _recent_activity(ids: tuple[int, ...], subscriptions: Sequence[Subscription]) -> list[ActivityEntry]:
    targets = {
        "venue": ids,
        "conversation": list(groups_of(ids)),
        "subscription": [subscription.pk for subscription in subscriptions],
    }
    return recent_activity_on(targets, types=SHOWN_ACTIVITY, limit=SHOWN)
