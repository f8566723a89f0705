"""Leases on being in a room. A process that dies stops renewing, and its people are gone within a minute.

Each statement commits by itself, on purpose: of two processes that give up a user's last leases at the same moment, at
least one then sees that nobody is left.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from chat.models import SocketLease
from core.bulk import store_all_that_can_be

LEASED_FOR = timedelta(seconds=45)
AT_ONCE = 500

# A conversation and a user.
Key = tuple[int, int]


@dataclass(frozen=True)
class Move:
    """Somebody who was not in a room came, or nobody knows them there any more; `online` counts users."""

    key: Key
    is_here: bool
    online: int


def settle_leases(node: UUID, *, taken: Collection[Key], dropped: Collection[Key]) -> list[Move]:
    """Take and drop leases of one process, in a few statements however many. Returns only what is news."""
    _take(node, taken)
    if dropped:
        SocketLease.objects.filter(_any_of(dropped), node=node).delete()
    first = _first_nodes([*taken, *dropped])
    came = [key for key in taken if first.get(key) == node]
    left = [key for key in dropped if key not in first]
    online = _count_online({conversation_id for conversation_id, _ in (*came, *left)})
    return [Move(key, key in first, online.get(key[0], 0)) for key in (*came, *left)]


def renew_leases(node: UUID) -> set[Key]:
    """Whose leases these are now: those that ran out, and were dropped by another process, are not among them."""
    held = SocketLease.objects.filter(node=node)
    held.update(expires_at=timezone.now() + LEASED_FOR)
    return set(held.values_list("conversation", "user"))


def drop_leases_of(node: UUID) -> None:
    SocketLease.objects.filter(node=node).delete()


def drop_expired_leases() -> list[tuple[Move, str]]:
    """Who is gone because their process died, with their names. Each is found by one caller only."""
    found = [one for some in iter(_expire, []) for one in some]
    first = _first_nodes([key for key, _ in found])
    gone = {key: name for key, name in found if key not in first}
    online = _count_online({conversation_id for conversation_id, _ in gone})
    return [(Move(key, False, online.get(key[0], 0)), name) for key, name in gone.items()]


def count_online(conversation_id: int) -> int:
    return _count_online([conversation_id]).get(conversation_id, 0)


def _take(node: UUID, keys: Iterable[Key]) -> None:
    """A room or user that is gone meanwhile has no lease, and takes nobody else's."""
    until = timezone.now() + LEASED_FOR
    leases = [SocketLease(conversation_id=key[0], user_id=key[1], node=node, expires_at=until) for key in keys]
    store_all_that_can_be(leases, _store)


def _store(leases: Sequence[SocketLease]) -> None:
    SocketLease.objects.bulk_create(
        leases,
        update_conflicts=True,
        unique_fields=["conversation", "user", "node"],
        update_fields=["expires_at"],
    )


@transaction.atomic
def _expire() -> list[tuple[Key, str]]:
    expired = SocketLease.objects.select_for_update(of=("self",), skip_locked=True).select_related("user")
    rows = list(expired.filter(expires_at__lt=timezone.now()).order_by("pk")[:AT_ONCE])
    if rows:
        SocketLease.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [((row.conversation_id, row.user_id), row.user.username) for row in rows]


def _first_nodes(keys: Collection[Key]) -> dict[Key, UUID]:
    """Through which process each of these was there first, of those who are there now."""
    if not keys:
        return {}
    rows = _live().filter(_any_of(keys)).order_by("-pk").values_list("conversation_id", "user_id", "node")
    return {(conversation_id, user_id): node for conversation_id, user_id, node in rows}


def _count_online(conversation_ids: Collection[int]) -> dict[int, int]:
    if not conversation_ids:
        return {}
    rows = _live().filter(conversation__in=conversation_ids).values_list("conversation")
    return dict(rows.annotate(Count("user", distinct=True)))


def _live() -> QuerySet[SocketLease]:
    return SocketLease.objects.filter(expires_at__gt=timezone.now())


def _any_of(keys: Iterable[Key]) -> Q:
    users: dict[int, list[int]] = defaultdict(list)
    for conversation_id, user_id in keys:
        users[conversation_id].append(user_id)
    return reduce(or_, (Q(conversation=room, user__in=people) for room, people in users.items()))
