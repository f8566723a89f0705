"""Reading figures: days that are closed from their rollups, what came after them from the rows themselves."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import DateField, Max, QuerySet, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncMonth

from analytics.days import A_DAY, Span
from analytics.models import DailyRollup, Metric, Scope
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
    """The sum for each month; a key's day is the month's first."""
    return _read(asked, span, closed, TruncMonth("day", output_field=DateField()), lambda day: day.replace(day=1))


def in_all(asked: Asked, span: Span, closed: date | None) -> Counter[Key]:
    """The sum for the whole span; a key's day is its first."""
    return _read(asked, span, closed, Value(span.first, output_field=DateField()), lambda day: span.first)


def active_users(days: Sequence[date]) -> list[int]:
    """How many people were active in the thirty days up to each of these: counted now where no rollup has it."""
    rows = DailyRollup.objects.filter(scope=Scope.PLATFORM, metric=Metric.ACTIVE_USERS, day__in=days)
    known = dict(rows.values_list("day", "value"))
    return [known[day] if day in known else count_active(day) for day in days]


def _read(
    asked: Asked, span: Span, closed: date | None, group: Combinable, group_of: Callable[[date], date]
) -> Counter[Key]:
    still_open = span if closed is None else Span(max(span.first, closed + A_DAY), span.last)
    figures: Counter[Key] = Counter()
    if closed is not None and closed >= span.first:
        rows = _rollups(asked, Span(span.first, min(span.last, closed)))
        sums = rows.values_list(group, "metric", "scope_id", "unit").annotate(sum=Sum("value"))
        for day, metric, scope_id, unit, value in sums:
            figures[Key(day, Metric(metric), asked.scope, scope_id, unit)] += value
    for key, value in count_days(still_open, scope=asked.scope, metrics=asked.metrics, ids=asked.ids).items():
        figures[Key(group_of(key.day), key.metric, key.scope, key.scope_id, key.unit)] += value
    return figures


def _rollups(asked: Asked, span: Span) -> QuerySet[DailyRollup]:
    rows = DailyRollup.objects.filter(
        scope=asked.scope, metric__in=asked.metrics, day__range=(span.first, span.last)
    ).order_by()
    return rows if asked.ids is None else rows.filter(scope_id__in=asked.ids)
