"""Days and months as the platform counts them: in UTC."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

MONTHS_SHOWN = 12
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """From the first day to the last, both of them within. One whose last lies before its first holds no day."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        return start_of(self.first)

    @property
    def until(self) -> datetime:
        """When it is over: the first moment that is not in it any more."""
        return start_of(self.last + A_DAY)

    def __bool__(self) -> bool:
        return self.first <= self.last

    def months(self) -> Iterator["Span"]:
        """The part of each month that is in it, oldest first."""
        first = self.first
        while first <= self.last:
            last = min(last_of_month(first), self.last)
            yield Span(first, last)
            first = last + A_DAY


def last_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def day_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def a_month_before(day: date, *, months: int = 1) -> date:
    """The same day of an earlier month, or that month's last day where it has no such."""
    number = day.year * 12 + day.month - 1 - months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def months_up_to(day: date) -> list[date]:
    """The first days of the twelve months of which `day` is in the last, oldest first."""
    this = day.replace(day=1)
    return [a_month_before(this, months=ago) for ago in reversed(range(MONTHS_SHOWN))]


def span_shown(today: date) -> Span:
    return Span(months_up_to(today)[0], today)


def span_rolled_up(today: date) -> Span:
    """What dashboards may ask for of the days that are over: a month more than they show, to compare with."""
    return Span(a_month_before(months_up_to(today)[0]), today - A_DAY)
