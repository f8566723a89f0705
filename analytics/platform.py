"""What the platform's owner looks at: how it stands against the month before, and how its months went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from accounts.models import User
from accounts.selectors import latest_customers
from activity.models import ActivityEntry
from activity.selectors import recent_activity
from analytics.days import A_DAY, Span, a_month_before, day_of, months_up_to, span_shown
from analytics.figures import Asked, Closed, active_users, by_month, closed_days, in_all
from analytics.models import Metric, Scope
from analytics.sources import ACTIVE_DAYS, Key
from billing.models import Coupon
from billing.selectors import live_subscriptions, live_subscriptions_by_plan, recent_coupons
from core.counting import count_each
from venues.selectors import venue_names, venues_made_by

RECENT = 10
MONTHLY = (
    Metric.CUSTOMERS,
    Metric.VENUES,
    Metric.REVENUE,
    Metric.CHATS,
    Metric.MESSAGES,
    Metric.SCANS,
    Metric.REDEMPTIONS,
)


@dataclass(frozen=True)
class Moment:
    """One look: everything shown together is as of the same time, and the same days are open in all of it."""

    at: datetime
    currency: str

    @cached_property
    def closed(self) -> Closed:
        return closed_days()

    @property
    def today(self) -> date:
        return day_of(self.at)

    @property
    def a_month_ago(self) -> datetime:
        before = a_month_before(self.today)
        return self.at.replace(year=before.year, month=before.month, day=before.day)

    @property
    def months_so_far(self) -> tuple[Span, Span]:
        """This month, and the month before up to the same day."""
        first = self.today.replace(day=1)
        return Span(first, self.today), Span(a_month_before(first), a_month_before(self.today))

    @property
    def lately(self) -> Span:
        """Thirty days, today included."""
        return Span(self.today - (ACTIVE_DAYS - 1) * A_DAY, self.today)


@dataclass(frozen=True)
class Compared:
    """A figure now and what it was a month before."""

    value: int | Decimal
    before: int | Decimal

    @property
    def change(self) -> int | Decimal:
        return self.value - self.before

    @property
    def change_percent(self) -> Decimal | None:
        """Of what it was before, to one place; None where that was nothing."""
        if self.before == 0:
            return None
        return (Decimal(self.change) * 100 / abs(Decimal(self.before))).quantize(Decimal("0.1"))


@dataclass(frozen=True)
class Dashboard:
    currency: str
    total_venues: Compared
    active_users: Compared
    monthly_revenue: Compared
    active_subscriptions: Compared


@dataclass(frozen=True)
class Month:
    """`month` is its first day. `revenue` is what was paid less what was given back."""

    month: date
    customers: int
    venues: int
    revenue: Decimal
    chats: int
    messages: int
    scans: int
    redemptions: int

    @property
    def label(self) -> str:
        return self.month.isoformat()[:7]


@dataclass(frozen=True)
class PlanShare:
    """How many live subscriptions a plan has, of what kind."""

    id: int
    name: str
    subscriptions: int
    share_percent: Decimal


@dataclass(frozen=True)
class BusyHour:
    """How many codes were scanned in that hour (UTC) of the last thirty days."""

    hour: int
    scans: int


@dataclass(frozen=True)
class BusyVenue:
    """What a venue did in the last thirty days."""

    id: int
    name: str
    scans: int
    redemptions: int


@dataclass(frozen=True)
class Overview:
    recent_signups: list[User]
    subscription_distribution: list[PlanShare]
    recent_coupons: list[Coupon]
    recent_activity: list[ActivityEntry]


def dashboard(moment: Moment) -> Dashboard:
    before = moment.a_month_ago
    counted = count_each(
        {
            "venues": venues_made_by(moment.at),
            "venues_before": venues_made_by(before),
            "subscriptions": live_subscriptions(at=moment.at),
            "subscriptions_before": live_subscriptions(at=before),
        }
    )
    return Dashboard(
        currency=moment.currency,
        total_venues=Compared(counted["venues"], counted["venues_before"]),
        active_users=_active_users(moment),
        monthly_revenue=_monthly_revenue(moment),
        active_subscriptions=Compared(counted["subscriptions"], counted["subscriptions_before"]),
    )


def platform_months(moment: Moment) -> list[Month]:
    """The last twelve, this one last, and so far."""
    figures = by_month(Asked(Scope.PLATFORM, MONTHLY), span_shown(moment.today), moment.closed)
    return [_month(first, figures, moment.currency) for first in months_up_to(moment.today)]


def overview() -> Overview:
    return Overview(
        recent_signups=list(latest_customers()[:RECENT]),
        subscription_distribution=plan_shares(),
        recent_coupons=recent_coupons(RECENT),
        recent_activity=recent_activity(RECENT),
    )


def plan_shares() -> list[PlanShare]:
    """Every plan, the ones nobody has included."""
    shares = live_subscriptions_by_plan()
    total = sum(share.subscriptions for share in shares)
    return [
        PlanShare(share.plan_id, share.name, share.subscriptions, percent_of(share.subscriptions, total))
        for share in shares
    ]


def busy_hours(moment: Moment) -> list[BusyHour]:
    span = moment.lately
    counts = in_all(Asked(Scope.HOUR, (Metric.SCANS,)), span, moment.closed)
    return [BusyHour(hour, counts[Key(span.first, Metric.SCANS, Scope.HOUR, hour)]) for hour in range(24)]


def busy_venues(moment: Moment) -> list[BusyVenue]:
    """The ten where most codes were scanned."""
    span = moment.lately
    counts = in_all(Asked(Scope.VENUE, (Metric.SCANS, Metric.REDEMPTIONS)), span, moment.closed)

    def count(venue_id: int, metric: Metric) -> int:
        return counts[Key(span.first, metric, Scope.VENUE, venue_id)]

    ids = {key.scope_id for key, value in counts.items() if value}
    busiest = sorted(ids, key=lambda id_: (-count(id_, Metric.SCANS), -count(id_, Metric.REDEMPTIONS), id_))[:RECENT]
    names = venue_names(busiest)
    return [BusyVenue(id_, names[id_], count(id_, Metric.SCANS), count(id_, Metric.REDEMPTIONS)) for id_ in busiest]


def percent_of(part: int, whole: int) -> Decimal:
    return (Decimal(part) * 100 / whole if whole else Decimal(0)).quantize(Decimal("0.1"))


def money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _month(first: date, figures: Mapping[Key, int], currency: str) -> Month:
    counts = {metric: figures[Key(first, metric, Scope.PLATFORM)] for metric in MONTHLY if metric != Metric.REVENUE}
    revenue = figures[Key(first, Metric.REVENUE, Scope.PLATFORM, unit=currency)]
    return Month(month=first, revenue=money(revenue), **{metric.value: count for metric, count in counts.items()})


def _active_users(moment: Moment) -> Compared:
    """Up to the end of yesterday, so that it is the same all day."""
    yesterday = moment.today - A_DAY
    return Compared(*active_users([yesterday, yesterday - ACTIVE_DAYS * A_DAY], moment.closed))


def _monthly_revenue(moment: Moment) -> Compared:
    asked = Asked(Scope.PLATFORM, (Metric.REVENUE,))
    sums = [
        in_all(asked, span, moment.closed)[Key(span.first, Metric.REVENUE, Scope.PLATFORM, unit=moment.currency)]
        for span in moment.months_so_far
    ]
    return Compared(*map(money, sums))
