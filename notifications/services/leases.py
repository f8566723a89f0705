"""Leases on having an inbox open, and having been sent all that is unread in it. A process that dies takes no more, and
its people are away 75 seconds later.

A notification is due to be mailed later than a lease lasts. So whoever is leased then, be it by a process that has died
since, had a socket after it was stored, and was sent it. Who went away while they were sent the rest has no lease.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from accounts.selectors import active_among
from notifications.models import InboxLease

LEASED_FOR = timedelta(seconds=75)


def settle_leases(node: UUID, *, taken: Collection[int], dropped: Collection[int]) -> None:
    """Take, or renew, and drop users' leases of one process, in a few statements however many. Who is gone meanwhile
    has none.
    """
    until = timezone.now() + LEASED_FOR
    if taken:
        InboxLease.objects.bulk_create(
            [InboxLease(user_id=user_id, node=node, expires_at=until) for user_id in active_among(taken)],
            update_conflicts=True,
            unique_fields=["user", "node"],
            update_fields=["expires_at"],
        )
    if dropped:
        InboxLease.objects.filter(user__in=dropped, node=node).delete()


def drop_leases_of(node: UUID) -> None:
    InboxLease.objects.filter(node=node).delete()


def purge_leases() -> int:
    """Forget what processes that died have left behind. Returns how many."""
    return InboxLease.objects.filter(expires_at__lt=timezone.now()).delete()[0]
