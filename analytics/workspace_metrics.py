"""What a workspace comes to, for the people in it.

Counted is everything said in its channels, in private ones and deleted ones too: these are numbers, and the same for
everybody who asks. Days are UTC's.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.models import User
from activity.selectors import actors_in_feed
from analytics.days import A_DAY, Span, day_of
from analytics.figures import Asked, by_day, closed_days
from analytics.models import Metric, Scope
from analytics.sources import Key
from workspaces.audiences import MESSAGE_SENT, feed_of
from workspaces.presence import member_ids_of, members_seen_since
from workspaces.selectors import get_workspace_for

DAYS_SHOWN = 14


@dataclass(frozen=True)
class MessagesOfDay:
    day: date
    count: int


def messages_per_day(user: User, workspace_id: int, *, at: datetime) -> list[MessagesOfDay]:
    """Of the fourteen days up to that moment's, the first first, those without any included.

    Days that are closed are read from their rollups, only what was said since is counted. Raises NotFound.
    """
    workspace = get_workspace_for(user, workspace_id)
    today = day_of(at)
    span = Span(today - (DAYS_SHOWN - 1) * A_DAY, today)
    figures = by_day(Asked(Scope.WORKSPACE, (Metric.MESSAGES,), (workspace.pk,)), span, closed_days())
    days = [span.first + number * A_DAY for number in range(DAYS_SHOWN)]
    return [MessagesOfDay(day, figures[Key(day, Metric.MESSAGES, Scope.WORKSPACE, workspace.pk)]) for day in days]


def count_active_users(user: User, workspace_id: int, *, minutes: int, at: datetime) -> int:
    """How many of a workspace's people said something in it within that time, or were there. Raises NotFound."""
    workspace = get_workspace_for(user, workspace_id)
    since = at - timedelta(minutes=minutes)
    seen = members_seen_since(workspace.pk, since)
    others = member_ids_of(workspace.pk) - seen
    return len(seen) + len(actors_in_feed(feed_of(workspace.pk), MESSAGE_SENT, since=since, among=others))
