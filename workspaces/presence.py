"""Reading who is there, and who may see whom."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.selectors import blocked_by_each
from workspaces.models import LastSeen, Member, PresenceLease
from workspaces.selectors import workspace_ids_of

AT_ONCE = 1_000
ONLINE = PresenceLease.Status.ONLINE.value


@dataclass(frozen=True)
class Person:
    """Somebody who is there, and the workspaces whose people may know."""

    user_id: int
    email: str
    status: str
    workspace_ids: frozenset[int]


@dataclass(frozen=True)
class Sight:
    """The workspaces whose people somebody may see, and the users they do not want to see."""

    workspace_ids: frozenset[int]
    hidden_ids: frozenset[int]


def statuses() -> dict[int, str]:
    """Of everybody who is there. Who is online anywhere is online."""
    return _best(_live().values_list("user", "status"))


def people_there(user_ids: Collection[int]) -> dict[int, Person]:
    """Those of these users who are there."""
    found: dict[int, Person] = {}
    for some in _in_parts(user_ids):
        rows = list(_live().filter(user__in=some).values_list("user", "status", "user__email"))
        emails = {user_id: email for user_id, _, email in rows}
        best = _best((user_id, status) for user_id, status, _ in rows)
        for user_id, workspace_ids in workspace_ids_of(best).items():
            found[user_id] = Person(user_id, emails[user_id], best[user_id], workspace_ids)
    return found


def sights_of(user_ids: Collection[int]) -> dict[int, Sight]:
    found: dict[int, Sight] = {}
    for some in _in_parts(user_ids):
        hidden = blocked_by_each(some)
        for user_id, workspace_ids in workspace_ids_of(some).items():
            found[user_id] = Sight(workspace_ids, hidden[user_id])
    return found


def member_ids_of(workspace_id: int) -> frozenset[int]:
    return frozenset(Member.objects.filter(workspace=workspace_id).values_list("user", flat=True))


def members_seen_since(workspace_id: int, moment: datetime) -> frozenset[int]:
    """The ids of the people of a workspace who are there, or were at that moment or later: a look into an index for
    each of them, since those of all workspaces would be many more.
    """
    theirs = {"user": OuterRef("user")}
    is_there, was_there = _live().filter(**theirs), LastSeen.objects.filter(at__gte=moment, **theirs)
    rows = Member.objects.filter(Exists(is_there) | Exists(was_there), workspace=workspace_id)
    return frozenset(rows.values_list("user", flat=True))


def last_seen_section(user: User) -> object:
    """For who asks what is held on them; None where they were never seen to go."""
    return LastSeen.objects.filter(user=user).values_list("at", flat=True).first()


def _live() -> "QuerySet[PresenceLease]":
    return PresenceLease.objects.filter(expires_at__gt=timezone.now()).order_by()


def _best(rows: "Iterator[tuple[int, str]] | QuerySet[PresenceLease, tuple[int, str]]") -> dict[int, str]:
    best: dict[int, str] = {}
    for user_id, status in rows:
        if best.get(user_id) != ONLINE:
            best[user_id] = status
    return best


def _in_parts(user_ids: Collection[int]) -> Iterator[list[int]]:
    ids = list(user_ids)
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
