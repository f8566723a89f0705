"""Where each figure comes from: the rows it counts, in the apps that own them. Rollups and the open day count alike."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Func, QuerySet, Value
from django.db.models.functions import ExtractHour, TruncDate

from accounts.selectors import sign_ups_between
from analytics.days import Span
from analytics.models import Metric, Scope
from billing.selectors import Revenue, revenue_by_day, subscriptions_begun_between
from chat.selectors.conversations import channels_of, groups_of
from chat.selectors.history import messages_between, private_chats_between
from offers.selectors import redemptions_between
from venues.selectors import scans_between, venues_by_subscriber, venues_made_between, visits_between

CENTS = 100
ACTIVE_DAYS = 30


class Key(NamedTuple):
    """Which figure of a day; `unit` is the currency of an amount."""

    day: date
    metric: Metric
    scope: Scope
    scope_id: int = 0
    unit: str = ""


@dataclass(frozen=True)
class Rows:
    """Rows are counted: `at` is when one happened, `of` is what of it says whose it is.

    `count` gives the figures of each day that has any; with `ids` those of these only.
    """

    metric: Metric
    scope: Scope
    rows: Callable[[datetime, datetime], QuerySet[Any]]
    at: str
    of: F | Func | None = None

    def count(self, span: Span, ids: Collection[int] | None = None) -> Iterator[tuple[Key, int]]:
        of = Value(0) if self.of is None else self.of
        rows = self.rows(span.since, span.until).order_by()
        rows = rows.annotate(a_day=TruncDate(self.at, tzinfo=UTC), a_scope=of)
        if self.of is not None:
            rows = rows.filter(a_scope__isnull=False) if ids is None else rows.filter(a_scope__in=ids)
        for day, scope_id, count in rows.values_list("a_day", "a_scope").annotate(a_count=Count("*")):
            yield Key(day, self.metric, self.scope, scope_id), count


@dataclass(frozen=True)
class Said:
    """What was said in the conversations of venues, or of workspaces. Of some of these it is looked for in their
    `rooms`, the conversations with whose each is: a join would read the whole of each.
    """

    scope: Scope
    of: F
    rooms: Callable[[Collection[int]], Mapping[int, int]]
    metric: Metric = Metric.MESSAGES

    def count(self, span: Span, ids: Collection[int] | None = None) -> Iterator[tuple[Key, int]]:
        of_all = Rows(self.metric, self.scope, messages_between, "created_at", self.of)
        if ids is None:
            yield from of_all.count(span)
            return
        rooms = self.rooms(ids)
        for key, count in replace(of_all, of=F("conversation")).count(span, rooms):
            yield key._replace(scope_id=rooms[key.scope_id]), count


@dataclass(frozen=True)
class Money:
    """Payments less refunds in cents, by currency; `of` says whose each is. A refund is of the day it was made, so that
    a day that is over stays as it is.
    """

    scope: Scope
    of: Callable[[list[Revenue]], Mapping[Revenue, int]]
    metric: Metric = Metric.REVENUE

    def count(self, span: Span, ids: Collection[int] | None = None) -> Iterator[tuple[Key, int]]:
        days = revenue_by_day(since=span.since, until=span.until)
        for revenue, scope_id in self.of(days).items():
            if ids is None or scope_id in ids:
                cents = int((revenue.net * CENTS).to_integral_value())
                yield Key(revenue.day, self.metric, self.scope, scope_id, revenue.currency), cents


def _everybodys(days: list[Revenue]) -> Mapping[Revenue, int]:
    return dict.fromkeys(days, 0)


def _plans(days: list[Revenue]) -> Mapping[Revenue, int]:
    return {revenue: revenue.plan_id for revenue in days}


def _venues(days: list[Revenue]) -> Mapping[Revenue, int]:
    venues = venues_by_subscriber({revenue.subscriber_id for revenue in days})
    return {revenue: venues[revenue.subscriber_id] for revenue in days if revenue.subscriber_id in venues}


SOURCES: tuple[Rows | Said | Money, ...] = (
    Rows(Metric.CUSTOMERS, Scope.PLATFORM, sign_ups_between, "date_joined"),
    Rows(Metric.VENUES, Scope.PLATFORM, venues_made_between, "created_at"),
    Rows(Metric.SUBSCRIPTIONS, Scope.PLATFORM, subscriptions_begun_between, "starts_at"),
    Rows(Metric.SUBSCRIPTIONS, Scope.PLAN, subscriptions_begun_between, "starts_at", F("plan")),
    Rows(Metric.CHATS, Scope.PLATFORM, private_chats_between, "created_at"),
    Rows(Metric.MESSAGES, Scope.PLATFORM, messages_between, "created_at"),
    Said(Scope.VENUE, F("conversation__venue"), groups_of),
    Said(Scope.WORKSPACE, F("conversation__channel__workspace"), channels_of),
    Rows(Metric.SCANS, Scope.PLATFORM, scans_between, "scanned_at"),
    Rows(Metric.SCANS, Scope.VENUE, scans_between, "scanned_at", F("venue")),
    Rows(Metric.SCANS, Scope.HOUR, scans_between, "scanned_at", ExtractHour("scanned_at", tzinfo=UTC)),
    Rows(Metric.REDEMPTIONS, Scope.PLATFORM, redemptions_between, "redeemed_at"),
    Rows(Metric.REDEMPTIONS, Scope.VENUE, redemptions_between, "redeemed_at", F("venue")),
    Money(Scope.PLATFORM, _everybodys),
    Money(Scope.VENUE, _venues),
    Money(Scope.PLAN, _plans),
)


def count_days(
    span: Span,
    *,
    scope: Scope | None = None,
    metrics: Collection[Metric] | None = None,
    ids: Collection[int] | None = None,
) -> Counter[Key]:
    """What happened on each of these days, counted from the rows themselves: a query for each source."""
    counted: Counter[Key] = Counter()
    for source in SOURCES if span else ():
        if scope in (None, source.scope) and (metrics is None or source.metric in metrics):
            for key, value in source.count(span, ids):
                counted[key] += value
    return counted


def count_active(day: date) -> int:
    """How many people came to a venue, said something or redeemed an offer in the 30 days up to the end of this one."""
    span = Span(date.fromordinal(day.toordinal() - ACTIVE_DAYS + 1), day)
    visitors = visits_between(span.since, span.until).order_by().values_list("user")
    speakers = messages_between(span.since, span.until).order_by().values_list("sender")
    redeemers = redemptions_between(span.since, span.until).order_by().values_list("customer")
    return visitors.union(speakers, redeemers).count()
