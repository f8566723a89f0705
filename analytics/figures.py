"""Reading figures: days that are closed from their rollups, what came after them from the rows themselves."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet, Subquery, Sum

from analytics.days import A_DAY, Span, last_of_month
from analytics.kept import Sums, kept
from analytics.models import DailyRollup, Metric, MonthlyRollup, RollupEdition, Scope
from analytics.sources import Key, count_active, count_days
from core.prepared import Prepared


@dataclass(frozen=True)
class Asked:
    """Which figures; `ids` None means everybody's of that scope."""

    scope: Scope
    metrics: tuple[Metric, ...]
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Closed:
    """Up to and with `day` rollups say it all, None where there are none; `edition` is which rollups these are."""

    day: date | None
    edition: UUID | None = None


def last_closed_day() -> date | None:
    found: date | None = _days_closed().aggregate(last=Max("day"))["last"]
    return found


def closed_days() -> Closed:
    """As they are now. What is asked of figures is asked of one of these, so that it all fits together."""
    known = _last_and_edition.rows()
    return Closed(*known[0]) if known else Closed(None)


def by_month(asked: Asked, span: Span, closed: Closed) -> Counter[Key]:
    """The sum for each month, of those days of it that are in the span; a key's day is the month's first."""
    over, still_open = _split(span, closed)
    figures = _of_closed(_months_of, asked, over, closed)
    for key, value in _count(asked, still_open).items():
        figures[key._replace(day=key.day.replace(day=1))] += value
    return figures


def by_day(asked: Asked, span: Span, closed: Closed) -> Counter[Key]:
    over, still_open = _split(span, closed)
    figures = _of_closed(_days_of, asked, over, closed)
    figures.update(_count(asked, still_open))
    return figures


def in_all(asked: Asked, span: Span, closed: Closed) -> Counter[Key]:
    """The sum for the whole span; a key's day is its first."""
    over, still_open = _split(span, closed)
    figures = _of_closed(_sum_of, asked, over, closed)
    for key, value in _count(asked, still_open).items():
        figures[key._replace(day=span.first)] += value
    return figures


def active_users(days: Sequence[date], closed: Closed) -> list[int]:
    """How many people were active in the thirty days up to each of these: counted now where no rollup has it."""
    known = _kept(("active users", *days), closed, lambda: _active_on(days))
    keys = [Key(day, Metric.ACTIVE_USERS, Scope.PLATFORM) for day in days]
    return [known[key] if key in known else count_active(key.day) for key in keys]


def _kept(question: tuple[object, ...], closed: Closed, read: Callable[[], Sums]) -> Sums:
    """Rollups of the last days can be deleted, to be counted again, without another edition."""
    return kept.sums(None if closed.day is None else closed, question, read)


def _of_closed(read: Callable[[Asked, Span], Sums], asked: Asked, over: Span, closed: Closed) -> Counter[Key]:
    return Counter(_kept((read.__name__, asked, over), closed, lambda: read(asked, over)) if over else {})


def _months_of(asked: Asked, span: Span) -> Sums:
    """Months that are over are one row each, and only of the last one days are added up. A span begins with a month."""
    rest = span.last + A_DAY if span.last == last_of_month(span.last) else span.last.replace(day=1)
    whole, days = Span(span.first, rest - A_DAY), Span(rest, span.last)
    figures: Counter[Key] = Counter()
    for month, metric, scope_id, unit, value in _months(asked, whole) if whole else ():
        figures[Key(month, Metric(metric), asked.scope, scope_id, unit)] += value
    figures.update(_sum_of(asked, days) if days else ())
    return figures


def _days_of(asked: Asked, span: Span) -> Sums:
    rows = _closed(asked, span).values_list("day", "metric", "scope_id", "unit", "value")
    return {Key(day, Metric(metric), asked.scope, id_, unit): value for day, metric, id_, unit, value in rows}


def _sum_of(asked: Asked, span: Span) -> Sums:
    rows = _closed(asked, span).values_list("metric", "scope_id", "unit").annotate(sum=Sum("value"))
    return {Key(span.first, Metric(metric), asked.scope, id_, unit): value for metric, id_, unit, value in rows}


def _active_on(days: Sequence[date]) -> Sums:
    rows = DailyRollup.objects.filter(scope=Scope.PLATFORM, metric=Metric.ACTIVE_USERS, day__in=days)
    return {Key(day, Metric.ACTIVE_USERS, Scope.PLATFORM): value for day, value in rows.values_list("day", "value")}


def _days_closed() -> QuerySet[DailyRollup]:
    """A row for each."""
    return DailyRollup.objects.filter(scope=Scope.PLATFORM, metric=Metric.CUSTOMERS)


def _editions() -> QuerySet[Any, Any]:
    last = _days_closed().order_by("-day").values("day")[:1]
    return RollupEdition.objects.annotate(last=Subquery(last)).order_by("id").values_list("last", "name")[:1]


_last_and_edition = Prepared(_editions)


def _split(span: Span, closed: Closed) -> tuple[Span, Span]:
    """Its closed days, and those after them."""
    if closed.day is None:
        return Span(span.first, span.first - A_DAY), span
    return Span(span.first, min(span.last, closed.day)), Span(max(span.first, closed.day + A_DAY), span.last)


def _months(asked: Asked, span: Span) -> QuerySet[MonthlyRollup, tuple[Any, ...]]:
    rows = MonthlyRollup.objects.filter(
        scope=asked.scope, metric__in=asked.metrics, month__range=(span.first, span.last)
    )
    rows = rows if asked.ids is None else rows.filter(scope_id__in=asked.ids)
    return rows.order_by().values_list("month", "metric", "scope_id", "unit", "value")


def _closed(asked: Asked, span: Span) -> QuerySet[DailyRollup]:
    rows = DailyRollup.objects.filter(scope=asked.scope, metric__in=asked.metrics, day__range=(span.first, span.last))
    return (rows if asked.ids is None else rows.filter(scope_id__in=asked.ids)).order_by()


def _count(asked: Asked, span: Span) -> Counter[Key]:
    return count_days(span, scope=asked.scope, metrics=asked.metrics, ids=asked.ids)
