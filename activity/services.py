from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from activity.events import FeedGrew
from activity.models import ActivityEntry, FeedEntry
from core import sql
from core.events import announce

SUMMARY_LENGTH = 255
NO_DETAILS: Mapping[str, object] = {}
FEED_KEPT_FOR = timedelta(days=396)
PURGED_AT_ONCE = 5_000

_FEED_COLUMNS = "feed, audience, actor_id, type, ref_id, summary"
_TYPED_FEED_COLUMNS = "place int, feed text, audience text, actor_id bigint, type text, ref_id bigint, summary text"


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
    statement = f"""
        INSERT INTO activity_feedentry ({_FEED_COLUMNS}, at)
        SELECT {_FEED_COLUMNS}, %s FROM {sql.rows_of(_TYPED_FEED_COLUMNS)} WHERE true ORDER BY place RETURNING id, feed
        """  # noqa: S608 - what is put in here are names
    rows = sql.as_rows([_feed_row(place, item) for place, item in enumerate(items)])
    ids: dict[str, list[int]] = defaultdict(list)
    for entry_id, feed in sorted(sql.fetch(statement, sql.as_time(timezone.now()), rows)):
        ids[feed].append(entry_id)
    for feed, entry_ids in ids.items():
        announce(FeedGrew(feed, tuple(entry_ids)))


def _feed_row(place: int, item: FeedItem) -> Mapping[str, object]:
    return {
        "place": place,
        "feed": item.feed,
        "audience": item.audience,
        "actor_id": item.actor_id,
        "type": item.type,
        "ref_id": item.ref_id,
        "summary": item.summary[:SUMMARY_LENGTH],
    }


def purge_feeds() -> int:
    """Forget what was shown over thirteen months ago. Entries are written in the order of time: the first go first."""
    before, purged = timezone.now() - FEED_KEPT_FOR, 0
    while True:
        first = FeedEntry.objects.order_by("id").values_list("pk", "at")[:PURGED_AT_ONCE]
        old = [pk for pk, at in first if at < before]
        purged += FeedEntry.objects.filter(pk__in=old).delete()[0]
        if len(old) < PURGED_AT_ONCE:
            return purged
