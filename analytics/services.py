"""Closing days: what they came to is counted once more and kept."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from analytics.days import A_DAY, Span, day_of, last_of_month, span_rolled_up
from analytics.figures import last_closed_day
from analytics.kept import begin_edition
from analytics.models import DailyRollup, Metric, MonthlyRollup, Scope
from analytics.sources import ACTIVE_DAYS, Key, count_active, count_days
from core import sql

# By then whatever began on a day is stored.
SETTLED_AFTER = timedelta(minutes=5)
DAYS_AT_ONCE = 7
ROWS_AT_ONCE = 500
SUMMED = tuple(metric for metric in Metric if metric != Metric.ACTIVE_USERS)


def close_days() -> int:
    """Count every day that dashboards may ask for and that is over, and store what is not known yet or not so any more.

    Once a night that closes the day before and any that were missed, and finds rows that came late to days already
    closed; else it is quick to see that there is nothing to close. Weeks are stored one by one, oldest first: however
    often it dies on its way, or runs twice, days are closed up to some day. Returns how many figures were changed.
    """
    settled = day_of(timezone.now() - SETTLED_AFTER)
    closing = span_rolled_up(settled)
    last = last_closed_day()
    if last is not None and last >= closing.last:
        return 0
    return _roll_up_active(closing.last) + sum(_roll_up(part) for part in _parts(closing))


def count_again(day: date, *metrics: Metric) -> int:
    """Store what a closed day comes to with what this transaction changed of it. Returns how many figures were changed.

    Until it is over nobody else changes figures, so that whoever closes the day, or changes it too, counts afterwards.
    A day that is not over is in nobody's way: it is counted whenever it is shown. One that nobody is shown any more is
    not kept.
    """
    kept = span_rolled_up(day_of(timezone.now()))
    if not kept.first <= day <= kept.last:
        return 0
    with _one_at_a_time():
        last = last_closed_day()
        return _roll_up(Span(day, day), metrics) if last is not None and day <= last else 0


def _parts(span: Span) -> Iterator[Span]:
    first = span.first
    while first <= span.last:
        last = min(first + (DAYS_AT_ONCE - 1) * A_DAY, span.last)
        yield Span(first, last)
        first = last + A_DAY


def _roll_up(span: Span, metrics: Collection[Metric] = SUMMED) -> int:
    with _one_at_a_time():
        counted = dict(count_days(span, metrics=metrics))
        for day in _days(span):
            for metric in metrics:
                if metric != Metric.REVENUE:
                    counted.setdefault(Key(day, metric, Scope.PLATFORM), 0)
        changed = _store(span, counted, metrics)
        if changed:
            for month in span.months():
                _sum_up(month.first.replace(day=1), metrics)
        return changed


def _roll_up_active(last: date) -> int:
    """Of the two days that are compared. What they show is of thirty days: it is not counted for each."""
    metric, changed = Metric.ACTIVE_USERS, 0
    for day in (last - ACTIVE_DAYS * A_DAY, last):
        counted = {Key(day, metric, Scope.PLATFORM): count_active(day)}
        with _one_at_a_time():
            changed += _store(Span(day, day), counted, (metric,))
    return changed


def _store(span: Span, counted: Mapping[Key, int], metrics: Collection[Metric]) -> int:
    """Make the stored figures of these days the counted ones."""
    rows = DailyRollup.objects.filter(scope__in=Scope.values, metric__in=metrics, day__range=(span.first, span.last))
    columns = ("day", "metric", "scope", "scope_id", "unit", "value", "pk")
    stored = {Key(*key): (value, pk) for *key, value, pk in rows.order_by().values_list(*columns)}
    now = timezone.now()
    new = [_row(key, value, now) for key, value in counted.items() if key not in stored or stored[key][0] != value]
    gone = [pk for key, (_, pk) in stored.items() if key not in counted]
    DailyRollup.objects.bulk_create(
        new,
        batch_size=ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["scope", "scope_id", "day", "metric", "unit"],
        update_fields=["value", "counted_at"],
    )
    for start in range(0, len(gone), ROWS_AT_ONCE):
        DailyRollup.objects.filter(pk__in=gone[start : start + ROWS_AT_ONCE]).delete()
    if new or gone:
        begin_edition()
    return len(new) + len(gone)


def _sum_up(month: date, metrics: Collection[Metric]) -> None:
    """Make the month's sums those of its closed days."""
    of_these: dict[str, object] = {"scope__in": Scope.values, "metric__in": metrics}
    days = DailyRollup.objects.filter(**of_these, day__range=(month, last_of_month(month)))
    columns = ("metric", "scope", "scope_id", "unit")
    sums = {tuple(key): sum_ for *key, sum_ in days.order_by().values_list(*columns).annotate(sum=Sum("value"))}
    rows = MonthlyRollup.objects.filter(metric__in=metrics, month=month)
    stored = {(row.metric, row.scope, row.scope_id, row.unit): row for row in rows}
    MonthlyRollup.objects.bulk_create(
        (
            MonthlyRollup(month=month, value=value, **dict(zip(columns, key, strict=True)))
            for key, value in sums.items()
            if key not in stored or stored[key].value != value
        ),
        batch_size=ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["scope", "scope_id", "month", "metric", "unit"],
        update_fields=["value"],
    )
    rows.filter(pk__in=[row.pk for key, row in stored.items() if key not in sums]).delete()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Until the transaction is over nobody else changes figures, and what those before stored can be counted. On SQLite
    those that write wait for each other anyway.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            sql.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", DailyRollup._meta.db_table)
        yield


def _row(key: Key, value: int, at: datetime) -> DailyRollup:
    return DailyRollup(
        day=key.day,
        metric=key.metric,
        scope=key.scope,
        scope_id=key.scope_id,
        unit=key.unit,
        value=value,
        counted_at=at,
    )


def _days(span: Span) -> Iterator[date]:
    return (date.fromordinal(number) for number in range(span.first.toordinal(), span.last.toordinal() + 1))
