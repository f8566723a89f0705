from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from core import sql
from notifications.models import InboxLease, Notification


def inbox_of(user: User) -> QuerySet[Notification]:
    """What they were told of in the app, each with whose doing it was."""
    return Notification.objects.filter(recipient=user, in_app=True).select_related("actor")


def unread_of(user: User) -> QuerySet[Notification]:
    return inbox_of(user).filter(read_at=None)


def count_unread(user: User) -> int:
    return unread_of(user).count()


@dataclass(frozen=True)
class Unread:
    """What of an inbox is unread: how many, and a sum of their ids, by which two such sets are told apart."""

    count: int = 0
    checksum: int = 0


def unread_among(user_ids: Collection[int]) -> dict[int, Unread]:
    """Of those who have something unread, in one query that an index answers."""
    rows = Notification.objects.filter(recipient__in=user_ids, in_app=True, read_at=None).order_by()
    counted = rows.values_list("recipient").annotate(Count("pk"), Sum("pk"))
    return {user_id: Unread(count, int(checksum)) for user_id, count, checksum in counted}


@dataclass(frozen=True)
class Place:
    """Where a reader is in somebody's inbox: past what is not above `floor`, and past what is in `seen`."""

    user_id: int
    floor: int = 0
    seen: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Portion:
    """What comes next, the first first; and whether that is all."""

    notifications: Sequence[Notification] = ()
    is_last: bool = True


def next_unread(places: Sequence[Place], *, limit: int) -> list[Portion]:
    """For each place what is unread past it, with whose doing it was, in two statements. Of what is above the floor so
    many are looked at, seen or not.
    """
    above = _unread_above(places, limit)
    fresh = {key for place, keys in zip(places, above, strict=True) for key in keys if key not in place.seen}
    found = Notification.objects.select_related("actor").in_bulk(fresh) if fresh else {}
    return [
        Portion([found[key] for key in keys if key in found and key not in place.seen], is_last=len(keys) < limit)
        for place, keys in zip(places, above, strict=True)
    ]


def _unread_above(places: Sequence[Place], limit: int) -> list[list[int]]:
    statement = f"""
        SELECT place, id FROM (
            SELECT row.place, told.id, row_number() OVER (PARTITION BY row.place ORDER BY told.id) AS rank
            FROM {sql.rows_of("place int, user_id bigint, floor bigint")}
            JOIN notifications_notification AS told ON told.recipient_id = row.user_id AND told.id > row.floor
            WHERE told.in_app AND told.read_at IS NULL
        ) AS ranked WHERE rank <= %s ORDER BY place, id
        """  # noqa: S608 - what is put in here are names
    rows = [{"place": number, "user_id": one.user_id, "floor": one.floor} for number, one in enumerate(places)]
    found: list[list[int]] = [[] for _ in places]
    for number, key in sql.fetch(statement, sql.as_rows(rows), limit):
        found[number].append(key)
    return found


def is_open(user_id: int) -> bool:
    """Whether a socket of theirs is there that was sent all that was unread, and is sent what they are told."""
    return InboxLease.objects.filter(user=user_id, expires_at__gt=timezone.now()).exists()


def due_to_be_mailed(*, at: datetime) -> QuerySet[Notification]:
    return Notification.objects.filter(email_due_at__lte=at, read_at=None)


def find_whom_to_mail(*, limit: int) -> list[int]:
    """The ids of those whose oldest due notification has waited longest."""
    waiting = due_to_be_mailed(at=timezone.now()).order_by().values("recipient").annotate(since=Min("email_due_at"))
    return list(waiting.order_by("since", "recipient").values_list("recipient", flat=True)[:limit])


def export_inbox(user: User) -> list[dict[str, object]]:
    """What they were told, the first first."""
    rows = Notification.objects.filter(recipient=user).select_related("actor").order_by("id")
    columns = ("kind", "created_at", "read_at", "mailed_at")
    return [{"message": row.sentence, **{column: getattr(row, column) for column in columns}} for row in rows]
