"""Leases on being there. A process that dies stops renewing, and its people are gone within a minute.

How long somebody may be silent is for the process to know that their sockets are open to: it renews the leases of all
who are there much more often than they send heartbeats.

Each statement commits by itself, on purpose: whoever is told of a change reads what is stored then, so of two processes
that change a user's leases at the same moment the one that reads last sees both.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.bulk import store_all_that_can_be
from workspaces.models import LastSeen, PresenceLease

LEASED_FOR = timedelta(seconds=45)
AT_ONCE = 500

ONLINE = PresenceLease.Status.ONLINE.value
IDLE = PresenceLease.Status.IDLE.value


def settle_leases(node: UUID, *, taken: Mapping[int, str], dropped: Collection[int]) -> None:
    """Take leases of one process, each with the user's status, and drop others: a few statements however many."""
    _take(node, taken)
    if dropped:
        PresenceLease.objects.filter(node=node, user__in=dropped).delete()
        _note_seen(dict.fromkeys(dropped, timezone.now()))


def renew_leases(node: UUID) -> None:
    PresenceLease.objects.filter(node=node).update(expires_at=timezone.now() + LEASED_FOR)


def shorten_leases(node: UUID, left: timedelta) -> None:
    """Let them run out soon: who is connected to another process by then was there all the time."""
    PresenceLease.objects.filter(node=node).update(expires_at=timezone.now() + left)


def drop_expired_leases() -> None:
    """Forget those whose process died, but for when their people were seen last."""
    while _drop_some_expired():
        pass


def forget_presence(user_id: int) -> None:
    PresenceLease.objects.filter(user=user_id).delete()
    LastSeen.objects.filter(user=user_id).delete()


@transaction.atomic
def _drop_some_expired() -> bool:
    """Returns whether there were any."""
    expired = PresenceLease.objects.select_for_update(skip_locked=True).filter(expires_at__lt=timezone.now())
    rows = list(expired.order_by("pk")[:AT_ONCE])
    if rows:
        PresenceLease.objects.filter(pk__in=[row.pk for row in rows]).delete()
        _note_seen({row.user_id: row.expires_at - LEASED_FOR for row in rows})
    return bool(rows)


def _take(node: UUID, statuses: Mapping[int, str]) -> None:
    """A user who is gone meanwhile has no lease, and takes nobody else's."""
    until = timezone.now() + LEASED_FOR
    leases = [PresenceLease(user_id=pk, node=node, status=status, expires_at=until) for pk, status in statuses.items()]
    store_all_that_can_be(leases, _store)


def _store(leases: Sequence[PresenceLease]) -> None:
    PresenceLease.objects.bulk_create(
        leases,
        batch_size=AT_ONCE,
        update_conflicts=True,
        unique_fields=["user", "node"],
        update_fields=["status", "expires_at"],
    )


def _note_seen(moments: Mapping[int, datetime]) -> None:
    LastSeen.objects.bulk_create(
        [LastSeen(user_id=user_id, at=moments[user_id]) for user_id in sorted(moments)],
        batch_size=AT_ONCE,
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["at"],
    )
