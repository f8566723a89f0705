from datetime import datetime

from django.db.models import Min, QuerySet
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
