from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db.models import Q, QuerySet

from accounts.models import User
from activity.models import ActivityEntry

USER = "user"


@dataclass(frozen=True)
class ActivitySearch:
    """What the log is asked for; empty or None means any. Both days are in UTC, and the last one is included."""

    type: str = ""
    actor: str = ""
    first_day: date | None = None
    last_day: date | None = None


def find_activity(search: ActivitySearch) -> QuerySet[ActivityEntry]:
    rows = ActivityEntry.objects.select_related("actor")
    if search.type:
        rows = rows.filter(type=search.type)
    if search.actor:
        rows = rows.filter(actor__username__iexact=search.actor)
    if search.first_day is not None:
        rows = rows.filter(at__gte=datetime.combine(search.first_day, time.min, UTC))
    if search.last_day is not None:
        rows = rows.filter(at__lte=datetime.combine(search.last_day, time.max, UTC))
    return rows


def recent_activity(limit: int) -> list[ActivityEntry]:
    """The latest first, each with who did it."""
    return list(find_activity(ActivitySearch())[:limit])


def activity_of(user: User) -> QuerySet[ActivityEntry]:
    """What they did, and what was done to them, the first first."""
    theirs = Q(actor=user) | Q(target_type=USER, target_id=str(user.pk))
    return ActivityEntry.objects.filter(theirs).order_by("id")
