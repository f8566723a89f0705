"""Reading figures: days that are closed from their rollups, what came after them from the rows themselves."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Max, QuerySet, Sum

from analytics.days import A_DAY, Span, last_of_month
from analytics.models import DailyRollup, Metric, MonthlyRollup, Scope
from analytics.sources import Key, count_active, count_days


@dataclass(frozen=True)
class Asked:
    """Which figures; `ids` None means everybody's of that scope."""

    scope: Scope
    metrics: Sequence[Metric]
    ids: Collection[int] | None = None


def last_closed_day() -> date | None:
    """Up to and with this one rollups say it all."""
    found: date | None = DailyRollup.objects.filter(scope=Scope.PLATFORM, metric=Metric.CUSTOMERS).aggregate(
        last=Max("day")
    )["last"]
    return found


def by_month(asked: Asked, span: Span, closed: date | None) -> Counter[Key]:
    """The sum for each month, of those days of it that are in the span; a key's day is the month's first.

    Months that are over are one row each, and only of what came after them days are added up.
    """
    whole, days, still_open = _parts(span, closed)
    figures: Counter[Key] = Counter()
    for month, metric, scope_id, unit, value in _months(asked, whole) if whole else ():
        figures[Key(month, Metric(metric), asked.scope, scope_id, unit)] += value
    for part in days.months() if days else ():
        _add(figures, in_all(asked, part, closed), part.first.replace(day=1))
    for key, value in _count(asked, still_open).items():
        figures[replace(key, day=key.day.replace(day=1))] += value
    return figures


def by_day(asked: Asked, span: Span, closed: date | None) -> Counter[Key]:
    over, still_open = _split(span, closed)
    figures = _count(asked, still_open)
    columns = ("day", "metric", "scope_id", "unit", "value")
    for day, metric, scope_id, unit, value in _closed(asked, over).values_list(*columns) if over else ():
        figures[Key(day, Metric(metric), asked.scope, scope_id, unit)] += value
    return figures


def in_all(asked: Asked, span: Span, closed: date | None) -> Counter[Key]:
    """The sum for the whole span; a key's day is its first."""
    figures: Counter[Key] = Counter()
    over, still_open = _split(span, closed)
    for metric, scope_id, unit, value in _days(asked, over) if over else ():
        figures[Key(span.first, Metric(metric), asked.scope, scope_id, unit)] += value
    _add(figures, _count(asked, still_open), span.first)
    return figures


def active_users(days: Sequence[date]) -> list[int]:
    """How many people were active in the thirty days up to each of these: counted now where no rollup has it."""
    rows = DailyRollup.objects.filter(scope=Scope.PLATFORM, metric=Metric.ACTIVE_USERS, day__in=days)
    known = dict(rows.values_list("day", "value"))
    return [known[day] if day in known else count_active(day) for day in days]


def _split(span: Span, closed: date | None) -> tuple[Span, Span]:
    """Its closed days, and those after them."""
    if closed is None:
        return Span(span.first, span.first - A_DAY), span
    return Span(span.first, min(span.last, closed)), Span(max(span.first, closed + A_DAY), span.last)


def _parts(span: Span, closed: date | None) -> tuple[Span, Span, Span]:
    """Whole months that are closed, closed days that are none, and open days. A span begins with a month."""
    over, still_open = _split(span, closed)
    rest = over.last.replace(day=1) if over and over.last != last_of_month(over.last) else over.last + A_DAY
    return Span(over.first, rest - A_DAY), Span(rest, over.last), still_open


def _months(asked: Asked, span: Span) -> QuerySet[MonthlyRollup, tuple[Any, ...]]:
    rows = MonthlyRollup.objects.filter(
        scope=asked.scope, metric__in=asked.metrics, month__range=(span.first, span.last)
    )
    rows = rows if asked.ids is None else rows.filter(scope_id__in=asked.ids)
    return rows.order_by().values_list("month", "metric", "scope_id", "unit", "value")


def _days(asked: Asked, span: Span) -> QuerySet[DailyRollup, tuple[Any, ...]]:
    return _closed(asked, span).values_list("metric", "scope_id", "unit").annotate(sum=Sum("value"))


def _closed(asked: Asked, span: Span) -> QuerySet[DailyRollup]:
    rows = DailyRollup.objects.filter(scope=asked.scope, metric__in=asked.metrics, day__range=(span.first, span.last))
    return (rows if asked.ids is None else rows.filter(scope_id__in=asked.ids)).order_by()


def _count(asked: Asked, span: Span) -> Counter[Key]:
    return count_days(span, scope=asked.scope, metrics=asked.metrics, ids=asked.ids)


def _add(figures: Counter[Key], more: Mapping[Key, int], day: date) -> None:
    for key, value in more.items():
        figures[replace(key, day=day)] += value
