"""Days, which are in UTC."""

from datetime import UTC, date, datetime, time

from django.db.models import Q


def on_days(column: str, first_day: date | None, last_day: date | None) -> Q:
    """For a query: from the one day to the other, both included. None leaves that end open."""
    days = Q()
    if first_day is not None:
        days &= Q(**{f"{column}__gte": datetime.combine(first_day, time.min, UTC)})
    if last_day is not None:
        days &= Q(**{f"{column}__lte": datetime.combine(last_day, time.max, UTC)})
    return days
