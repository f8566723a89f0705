"""Where each figure comes from: the rows it counts, in the apps that own them. Rollups and the open day count alike."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from functools import cache
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, Count, DateTimeField, F, Func, QuerySet, Value
from django.db.models.functions import ExtractHour, TruncDate

from accounts.selectors import sign_ups_between
from analytics.days import Span
from analytics.models import Metric, Scope
from billing.selectors import Revenue, revenue_by_day, subscriptions_begun_between
from chat.selectors.conversations import channels_of, groups_of
from chat.selectors.history import messages_between, private_chats_between
from core.prepared import ListSlot, OneOf, Prepared, Slot
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

    Where figures of some only are asked for, `rooms` says which conversations are theirs, if that is where rows are
    looked for: a join would read the whole of each.
    """

    metric: Metric
    scope: Scope
    rows: Callable[[Any, Any], QuerySet[Any]]
    at: str
    of: F | Func | None = None
    rooms: Callable[[Collection[int]], Mapping[int, int]] | None = None

    def counted(self, *, of_some: bool) -> QuerySet[Any, Any]:
        """Metric, day, whose and how many, of those days that have any."""
        rows = self.rows(Slot("since", DateTimeField()), Slot("until", DateTimeField())).order_by()
        of: Any = self.of or Value(0, output_field=BigIntegerField())
        if of_some and self.rooms is not None:
            of = F("conversation")
            rows = rows.filter(OneOf(of, ListSlot("rooms")))
        elif of_some:
            rows = rows.filter(OneOf(of, ListSlot("ids")))
        rows = rows.annotate(a_metric=Value(self.metric.value), a_day=TruncDate(self.at, tzinfo=UTC), a_scope=of)
        if not of_some and self.of is not None:
            rows = rows.filter(a_scope__isnull=False)
        counted: QuerySet[Any, Any] = rows.values_list("a_metric", "a_day", "a_scope").annotate(a_count=Count("*"))
        return counted


@dataclass(frozen=True)
class Money:
    """Payments less refunds in cents, by currency; `of` says whose each is. A refund is of the day it was made, so that
    a day that is over stays as it is.
    """

    scope: Scope
    of: Callable[[list[Revenue]], Mapping[Revenue, int]]
    metric: Metric = Metric.REVENUE

    def count(self, span: Span, ids: Collection[int] | None) -> Iterator[tuple[Key, int]]:
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


ROWS = (
    Rows(Metric.CUSTOMERS, Scope.PLATFORM, sign_ups_between, "date_joined"),
    Rows(Metric.VENUES, Scope.PLATFORM, venues_made_between, "created_at"),
    Rows(Metric.SUBSCRIPTIONS, Scope.PLATFORM, subscriptions_begun_between, "starts_at"),
    Rows(Metric.SUBSCRIPTIONS, Scope.PLAN, subscriptions_begun_between, "starts_at", F("plan")),
    Rows(Metric.CHATS, Scope.PLATFORM, private_chats_between, "created_at"),
    Rows(Metric.MESSAGES, Scope.PLATFORM, messages_between, "created_at"),
    Rows(Metric.MESSAGES, Scope.VENUE, messages_between, "created_at", F("conversation__venue"), groups_of),
    Rows(
        Metric.MESSAGES,
        Scope.WORKSPACE,
        messages_between,
        "created_at",
        F("conversation__channel__workspace"),
        channels_of,
    ),
    Rows(Metric.SCANS, Scope.PLATFORM, scans_between, "scanned_at"),
    Rows(Metric.SCANS, Scope.VENUE, scans_between, "scanned_at", F("venue")),
    Rows(Metric.SCANS, Scope.HOUR, scans_between, "scanned_at", ExtractHour("scanned_at", tzinfo=UTC)),
    Rows(Metric.REDEMPTIONS, Scope.PLATFORM, redemptions_between, "redeemed_at"),
    Rows(Metric.REDEMPTIONS, Scope.VENUE, redemptions_between, "redeemed_at", F("venue")),
)
MONEY = (Money(Scope.PLATFORM, _everybodys), Money(Scope.VENUE, _venues), Money(Scope.PLAN, _plans))


def count_days(
    span: Span,
    *,
    scope: Scope | None = None,
    metrics: Collection[Metric] = tuple(Metric),
    ids: Collection[int] | None = None,
) -> Counter[Key]:
    """What happened on each of these days, counted from the rows themselves: a query for all the rows of a scope."""
    counted: Counter[Key] = Counter()
    for each in (Scope if scope is None else (scope,)) if span else ():
        rows = tuple(source for source in ROWS if source.scope == each and source.metric in metrics)
        counted.update(_count_rows(rows, span, ids) if rows else {})
        for money in MONEY:
            if money.scope == each and money.metric in metrics:
                for key, cents in money.count(span, ids):
                    counted[key] += cents
    return counted


def _count_rows(sources: tuple[Rows, ...], span: Span, ids: Collection[int] | None) -> dict[Key, int]:
    scope, rooms = sources[0].scope, {}
    brought: dict[str, object] = {"since": span.since, "until": span.until}
    if ids is not None:
        rooms = {source.metric: source.rooms(ids) for source in sources if source.rooms is not None}
        brought |= {"ids": ids, "rooms": [room for those in rooms.values() for room in those]}
    counted: Counter[Key] = Counter()
    for name, day, of, count in _counting(sources, ids is not None).rows(**brought):
        metric = Metric(name)
        counted[Key(day, metric, scope, rooms[metric][of] if metric in rooms else int(of))] += count
    return counted


@cache
def _counting(sources: tuple[Rows, ...], of_some: bool) -> Prepared[Any]:
    first, *others = (source.counted(of_some=of_some) for source in sources)
    return Prepared(lambda: first.union(*others, all=True) if others else first)


def count_active(day: date) -> int:
    """How many people came to a venue, said something or redeemed an offer in the 30 days up to the end of this one."""
    span = Span(date.fromordinal(day.toordinal() - ACTIVE_DAYS + 1), day)
    visitors = visits_between(span.since, span.until).order_by().values_list("user")
    speakers = messages_between(span.since, span.until).order_by().values_list("sender")
    redeemers = redemptions_between(span.since, span.until).order_by().values_list("customer")
    return visitors.union(speakers, redeemers).count()
