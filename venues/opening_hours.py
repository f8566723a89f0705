"""When a venue is open, by the clock on its own wall."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from venues.models import OpeningHours, Venue


def is_open_at(venue: Venue, at: datetime) -> bool | None:
    """Whether the venue is open at that moment; None if nobody has said when it opens. Reads `venue.opening_hours`.

    Each span is turned into two moments, so that the nights when clocks change are as long as they are.
    """
    if not venue.is_serving:
        return False
    spans = list(venue.opening_hours.all())
    if not spans:
        return None
    return _holds(spans, at.astimezone(UTC), ZoneInfo(venue.time_zone))


def _holds(spans: Iterable[OpeningHours], at: datetime, zone: ZoneInfo) -> bool:
    today = at.astimezone(zone).date()
    nights = (today - timedelta(days=1), today)
    moments = (_moments(span, day, zone) for day in nights for span in spans if span.day == day.weekday())
    return any(opens <= at < closes for opens, closes in moments)


def _moments(span: OpeningHours, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """In UTC: two times of one zone would be compared by their clock faces."""
    last_day = day if span.closes > span.opens else day + timedelta(days=1)
    opens = datetime.combine(day, span.opens, tzinfo=zone)
    closes = datetime.combine(last_day, span.closes, tzinfo=zone)
    return opens.astimezone(UTC), closes.astimezone(UTC)
