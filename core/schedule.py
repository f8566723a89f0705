"""Which scheduled jobs are due, by what is recorded of them; and claiming those, so that each is queued once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from core.models import Job

A_MINUTE = timedelta(minutes=1)
A_DAY = timedelta(days=1)
# What was claimed so long ago and has not ended died with its worker, or was lost with the queue.
LOST_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Schedule:
    """`matches` says whether a minute, in UTC, is one of the job's; every day has one."""

    name: str
    pattern: str
    matches: Callable[[datetime], bool]

    def last_due(self, at: datetime) -> datetime:
        """The latest of its minutes that has begun."""
        minute = at.replace(second=0, microsecond=0)
        earliest = minute - A_DAY
        while minute > earliest and not self.matches(minute):
            minute -= A_MINUTE
        return minute


def in_words(pattern: str) -> str:
    """For people; a pattern that there are no words for as it stands."""
    minute, _, hour = pattern.partition(" ")
    if not pattern:
        return "when asked for"
    if pattern == "* *":
        return "every minute"
    if minute.startswith("*/") and hour == "*":
        return f"every {minute[2:]} minutes"
    if minute.isdecimal() and hour == "*":
        return f"hourly at :{minute:0>2}"
    if minute.isdecimal() and hour.isdecimal():
        return f"daily at {hour:0>2}:{minute:0>2} UTC"
    return pattern


def claim_due(schedules: Sequence[Schedule], *, at: datetime) -> list[str]:
    """The names of the jobs that whoever asks is to queue now. Of several who ask at once each gets other ones."""
    _know(schedules)
    return [schedule.name for schedule in schedules if _claim(schedule.name, due=schedule.last_due(at), at=at)]


def _know(schedules: Sequence[Schedule]) -> None:
    rows = [Job(name=schedule.name, schedule=schedule.pattern) for schedule in schedules]
    Job.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["schedule"])


def _claim(name: str, *, due: datetime, at: datetime) -> bool:
    waiting = Q(claimed_for=None) | Q(claimed_for__lt=due)
    unended = Q(ended_at=None) | Q(ended_at__lt=F("claimed_at"))
    lost = Q(claimed_at__lt=at - LOST_AFTER) & unended
    return bool(Job.objects.filter(waiting | lost, name=name).update(claimed_for=due, claimed_at=at))
