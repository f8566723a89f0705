"""The same twelve months in detail: of the whole platform, of each plan, of each venue."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet, TextChoices

from analytics.days import months_up_to, span_shown
from analytics.figures import Asked, by_month
from analytics.models import Metric, Scope
from analytics.platform import MONTHLY, Moment, money
from billing.models import Plan
from billing.selectors import live_subscriptions, plans
from core.prepared import Bound, Prepared
from venues.models import Venue
from venues.selectors import all_venues

# What is known of a venue and of a plan; the rest is the platform's alone.
OF_A_VENUE = (Metric.REVENUE, Metric.MESSAGES, Metric.SCANS, Metric.REDEMPTIONS)
OF_A_PLAN = (Metric.REVENUE, Metric.SUBSCRIPTIONS)
OF_THE_PLATFORM = (*MONTHLY, Metric.SUBSCRIPTIONS)
ROWS_AT_ONCE = 200


class Kind(TextChoices):
    PLATFORM = "platform"
    PLAN = "plan"
    VENUE = "venue"


class ReportMonth(NamedTuple):
    """None is what is not known of this kind."""

    month: date
    customers: int | None
    venues: int | None
    revenue: Decimal
    subscriptions: int | None
    chats: int | None
    messages: int | None
    scans: int | None
    redemptions: int | None

    @property
    def label(self) -> str:
        return self.month.isoformat()[:7]


@dataclass(frozen=True)
class ReportRow:
    """One venue, one plan, or the platform (whose id is 0). `plan` is the one a venue has now, if any."""

    kind: Kind
    id: int
    name: str
    plan: str | None
    months: list[ReportMonth]


def report_rows(kind: Kind, moment: Moment) -> Iterator[ReportRow]:
    """All of that kind; venues come some at a time, however many there are."""
    if kind == Kind.PLATFORM:
        yield platform_report(moment)
    elif kind == Kind.PLAN:
        yield from plans_report(list(plans().order_by("id")), moment)
    else:
        for venues in _in_parts(venues_reported().queryset):
            yield from venues_report(venues, moment)


def platform_report(moment: Moment) -> ReportRow:
    months = _months([0], Asked(Scope.PLATFORM, OF_THE_PLATFORM), moment)
    return ReportRow(Kind.PLATFORM, 0, "Platform", None, months[0])


def plans_report(these: Sequence[Plan], moment: Moment) -> list[ReportRow]:
    ids = tuple(plan.pk for plan in these)
    months = _months(ids, Asked(Scope.PLAN, OF_A_PLAN, ids), moment)
    return [ReportRow(Kind.PLAN, plan.pk, plan.name, plan.name, months[plan.pk]) for plan in these]


def venues_reported() -> Bound[Venue]:
    """All of them, with what a report tells of one."""
    return _reported.bound()


_reported = Prepared(lambda: all_venues().only("id", "name", "subscriber"))


def venues_report(these: Sequence[Venue], moment: Moment) -> list[ReportRow]:
    ids = tuple(venue.pk for venue in these)
    months = _months(ids, Asked(Scope.VENUE, OF_A_VENUE, ids), moment)
    subscribers = [venue.subscriber_id for venue in these if venue.subscriber_id is not None]
    live = live_subscriptions(at=moment.at).filter(subscriber__in=subscribers)
    named = dict(live.values_list("subscriber", "plan__name"))
    return [
        ReportRow(Kind.VENUE, venue.pk, venue.name, named.get(venue.subscriber_id or 0), months[venue.pk])
        for venue in these
    ]


def _months(ids: Iterable[int], asked: Asked, moment: Moment) -> dict[int, list[ReportMonth]]:
    firsts = months_up_to(moment.today)
    empty = {metric.value: 0 if metric in asked.metrics else None for metric in OF_THE_PLATFORM}
    counted = {id_: {first: dict(empty) for first in firsts} for id_ in ids}
    for key, value in by_month(asked, span_shown(moment.today), moment.closed).items():
        if key.metric != Metric.REVENUE or key.unit == moment.currency:
            counted[key.scope_id][key.day][key.metric] = value
    return {id_: [_month(first, counts) for first, counts in months.items()] for id_, months in counted.items()}


def _month(first: date, counts: dict[str, int | None]) -> ReportMonth:
    cents = counts.pop(Metric.REVENUE) or 0
    return ReportMonth(month=first, revenue=money(cents), **counts)


def _in_parts(venues: QuerySet[Venue]) -> Iterator[list[Venue]]:
    last = 0
    while part := list(venues.filter(pk__gt=last).order_by("pk")[:ROWS_AT_ONCE]):
        yield part
        last = part[-1].pk
