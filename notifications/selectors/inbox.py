from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Min, QuerySet, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import User
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


def newest_unread(user_ids: Collection[int], *, limit: int) -> dict[int, list[Notification]]:
    """Of each of them so many at most, the first first, with whose doing it was."""
    rows = Notification.objects.filter(recipient__in=user_ids, in_app=True, read_at=None).select_related("actor")
    place = Window(RowNumber(), partition_by=F("recipient"), order_by=F("pk").desc())
    found: dict[int, list[Notification]] = defaultdict(list)
    for row in rows.annotate(place=place).filter(place__lte=limit).order_by("pk"):
        found[row.recipient_id].append(row)
    return found


def is_open(user_id: int) -> bool:
    """Whether a socket of theirs is there that is sent what they are told."""
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
