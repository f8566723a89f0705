from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from notifications.models import OutboxMail


def mails_to_send(*, at: datetime) -> QuerySet[OutboxMail]:
    """Queued mails that are due and that no live worker has taken up."""
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lte=at)
    return OutboxMail.objects.filter(unclaimed, status=OutboxMail.Status.QUEUED, due_at__lte=at)


@dataclass(frozen=True)
class Backlog:
    """Mails that are due and not sent, and since when the oldest of them is due."""

    mails: int
    oldest_due_at: datetime | None


def mail_backlog(*, at: datetime) -> Backlog:
    due = OutboxMail.objects.filter(status=OutboxMail.Status.QUEUED, due_at__lte=at)
    return Backlog(**due.aggregate(mails=Count("pk"), oldest_due_at=Min("due_at")))


def mails_in(status: OutboxMail.Status) -> QuerySet[OutboxMail]:
    return OutboxMail.objects.filter(status=status)


def find_mails_to_send(*, limit: int) -> list[int]:
    """The ids of the mails that wait longest."""
    waiting = mails_to_send(at=timezone.now()).order_by("due_at", "id")
    return list(waiting.values_list("pk", flat=True)[:limit])
