from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from activity.events import FeedGrew
from activity.models import ActivityEntry, FeedEntry
from core.events import announce

SUMMARY_LENGTH = 255
NO_DETAILS: Mapping[str, object] = {}
FEED_KEPT_FOR = timedelta(days=396)
PURGED_AT_ONCE = 5_000


@dataclass(frozen=True)
class Target:
    """What it was done to: the kind of thing, in one lower-case word, and its id."""

    type: str
    id: object


def record_activity(
    *,
    type: str,
    actor_id: int | None,
    summary: str,
    target: Target | None = None,
    details: Mapping[str, object] = NO_DETAILS,
) -> ActivityEntry:
    """Write down what happened, in one insert. Call it in the transaction that makes it true, from a subscriber.

    It stays for ever: neither the summary nor the details may hold a secret, or what tells who a person is.
    """
    return ActivityEntry.objects.create(
        type=type,
        actor_id=actor_id,
        summary=summary[:SUMMARY_LENGTH],
        target_type=target.type if target else "",
        target_id=str(target.id) if target else "",
        details=dict(details),
    )


@dataclass(frozen=True)
class FeedItem:
    """`summary` goes on after the actor's name, as in "sent a message in #general", and holds no other."""

    feed: str
    type: str
    actor_id: int
    ref_id: int
    summary: str
    audience: str = ""


@transaction.atomic
def record_in_feed(items: Sequence[FeedItem]) -> None:
    """Show what happened in its feeds, in this order, in one insert. Call it in the transaction that makes it true."""
    now = timezone.now()
    entries = FeedEntry.objects.bulk_create(
        FeedEntry(
            feed=item.feed,
            audience=item.audience,
            at=now,
            actor_id=item.actor_id,
            type=item.type,
            ref_id=item.ref_id,
            summary=item.summary[:SUMMARY_LENGTH],
        )
        for item in items
    )
    ids: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        ids[entry.feed].append(entry.pk)
    for feed, entry_ids in ids.items():
        announce(FeedGrew(feed, tuple(entry_ids)))


def purge_feeds() -> int:
    """Forget what was shown over thirteen months ago. Entries are written in the order of time: the first go first."""
    before, purged = timezone.now() - FEED_KEPT_FOR, 0
    while True:
        first = FeedEntry.objects.order_by("id").values_list("pk", "at")[:PURGED_AT_ONCE]
        old = [pk for pk, at in first if at < before]
        purged += FeedEntry.objects.filter(pk__in=old).delete()[0]
        if len(old) < PURGED_AT_ONCE:
            return purged
