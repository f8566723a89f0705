from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_

from django.db.models import F, Q, QuerySet, Subquery

from accounts.models import User
from activity.models import ActivityEntry, FeedEntry
from core import sql
from core.days import on_days

USER = "user"
# Higher than any that a row has.
NO_ID = 2**63 - 1
# SQLite puts no more than 500 parts together.
AUDIENCES_AT_ONCE = 200


@dataclass(frozen=True)
class ActivitySearch:
    """What the log is asked for; empty or None means any. Both days are in UTC, and the last one is included."""

    type: str = ""
    actor: str = ""
    first_day: date | None = None
    last_day: date | None = None


def find_activity(search: ActivitySearch) -> QuerySet[ActivityEntry]:
    rows = ActivityEntry.objects.select_related("actor")
    if search.type:
        rows = rows.filter(type=search.type)
    if search.actor:
        rows = rows.filter(actor=_called(search.actor))
    return rows.filter(on_days("at", search.first_day, search.last_day))


def done_by_or_to(words: str) -> Q:
    """What somebody of that name did; or what was done to something, in the words of `target`, such as "venue 3"."""
    target_type, _, target_id = words.strip().rpartition(" ")
    if target_type:
        return Q(target_type=target_type.strip(), target_id=target_id)
    return Q(actor=_called(target_id))


def types_logged() -> list[str]:
    return _values_of("type")


def types_of_targets_logged() -> list[str]:
    return _values_of("target_type")


def _called(username: str) -> Subquery:
    """Who is called that. Asked for by itself: joined, nobody would be looked for through the whole log."""
    return Subquery(User.objects.filter(username__iexact=username).values("pk")[:1])


def _values_of(column: str) -> list[str]:
    """Each value once, in order: from one to the next by the index that begins with the column, however many rows."""
    statement = f"""
        WITH RECURSIVE found(value) AS (
            SELECT min({column}) FROM activity_activityentry
            UNION ALL
            SELECT (SELECT min({column}) FROM activity_activityentry WHERE {column} > found.value)
            FROM found WHERE found.value IS NOT NULL
        )
        SELECT value FROM found WHERE value IS NOT NULL
        """  # noqa: S608 - what is put in here are names
    return [value for (value,) in sql.fetch(statement)]


def recent_activity(limit: int) -> list[ActivityEntry]:
    """The latest first, each with who did it."""
    return list(find_activity(ActivitySearch())[:limit])


def recent_activity_on(
    targets: Mapping[str, Collection[int]], *, types: Collection[str], limit: int
) -> list[ActivityEntry]:
    """What of these types was done to these things, whose ids are given by their kind; the latest first.

    Ordered by what no index is ordered by: otherwise PostgreSQL might go through the log from its end until it has met
    enough of them.
    """
    theirs = reduce(
        or_, (Q(target_type=kind, target_id__in=[str(id_) for id_ in ids]) for kind, ids in targets.items())
    )
    return list(ActivityEntry.objects.filter(theirs, type__in=types).order_by(F("id") * -1)[:limit])


def activity_of(user: User) -> QuerySet[ActivityEntry]:
    """What they did, and what was done to them, the first first."""
    theirs = Q(actor=user) | Q(target_type=USER, target_id=str(user.pk))
    return ActivityEntry.objects.filter(theirs).order_by("id")


def feed_page(
    feed: str, audiences: Collection[str], limit: int, before: int | None = None, *, hidden_ids: Collection[int] = ()
) -> list[FeedEntry]:
    """The latest first, each with who did it: what is for everybody of the feed, and what is for these audiences.

    What the users of `hidden_ids` did is left out; with `before`, only entries older than the one of that id.
    """
    until = NO_ID if before is None else min(before, NO_ID)
    return feed_entries(_ids_of(feed, audiences, limit, _Cut(0, until, "ASC", hidden_ids)))[::-1]


def feed_after(
    feed: str, audiences: Collection[str], limit: int, after: int, *, hidden_ids: Collection[int] = ()
) -> list[FeedEntry]:
    """As `feed_page`, what is newer than the entry of that id, the oldest first."""
    return feed_entries(_ids_of(feed, audiences, limit, _Cut(after, NO_ID, "DESC", hidden_ids)))


@dataclass(frozen=True)
class _Cut:
    """Between these ids, both excluded, in that order of what they are less than nothing, without what these did."""

    after: int
    before: int
    order: str
    hidden_ids: Collection[int]


def _ids_of(feed: str, audiences: Collection[str], limit: int, cut: _Cut) -> list[int]:
    """Each audience's by themselves, however much there is for others, and no more of them than are asked for in all.

    Ordered by what only the feeds' own index is ordered by: by the key itself, PostgreSQL would go through the table
    past every other feed's.
    """
    hides = f"AND NOT {sql.one_of('actor_id')}" if cut.hidden_ids else ""
    part = f"""
        SELECT id, place FROM (
            SELECT id, id * -1 AS place FROM activity_feedentry
            WHERE feed = %s AND audience = %s AND id * -1 > %s AND id * -1 < %s {hides}
            ORDER BY place {cut.order} LIMIT %s
        ) AS part
        """  # noqa: S608 - what is put in here are names
    hidden = [sql.listed(cut.hidden_ids)] if cut.hidden_ids else []
    ids: list[int] = []
    wanted = ["", *audiences]
    for start in range(0, len(wanted), AUDIENCES_AT_ONCE):
        some = wanted[start : start + AUDIENCES_AT_ONCE]
        parameters = [value for audience in some for value in (feed, audience, -cut.before, -cut.after, *hidden, limit)]
        parts = " UNION ALL ".join([part] * len(some))
        merged = f"SELECT id FROM ({parts}) AS parts ORDER BY place {cut.order} LIMIT %s"  # noqa: S608 - so are these
        ids += [entry_id for (entry_id,) in sql.fetch(merged, *parameters, limit)]
    return sorted(ids, reverse=cut.order == "ASC")[:limit]


def feed_entries(entry_ids: Collection[int]) -> list[FeedEntry]:
    """The oldest first, each with who did it."""
    return list(FeedEntry.objects.select_related("actor").filter(pk__in=entry_ids).order_by("id"))


def newest_entry_id() -> int:
    """Of all feeds; 0 where there is no entry."""
    return FeedEntry.objects.order_by("-id").values_list("pk", flat=True).first() or 0


def entry_ids_up_to(feed: str, audiences: Collection[str], entry_id: int, limit: int) -> list[int]:
    """Of what `feed_page` shows up to the entry of that id, whoever did it, the latest first."""
    return _ids_of(feed, audiences, limit, _Cut(0, min(entry_id + 1, NO_ID), "ASC", ()))


def entries_after(feeds: Collection[str], after: int, limit: int) -> list[tuple[int, str]]:
    """The id and the feed of what these feeds were given after the entry of that id, the oldest first."""
    rows = FeedEntry.objects.filter(feed__in=feeds, pk__gt=after).order_by("id")
    return list(rows.values_list("pk", "feed")[:limit])


def actors_in_feed(feed: str, type: str, *, since: datetime, among: Collection[int]) -> frozenset[int]:
    """Who of these users did something of that type at that moment or later: a look into an index for each of them,
    since of a feed that is busy the entries themselves would be many more.
    """
    statement = f"""
        SELECT row.id FROM {sql.rows_of("id bigint")} WHERE EXISTS (
            SELECT 1 FROM activity_feedentry AS entry
            WHERE entry.actor_id = row.id AND entry.feed = %s AND entry.at >= %s AND entry.type = %s
        )
        """  # noqa: S608 - what is put in here are names
    users = sql.as_rows([{"id": user_id} for user_id in among])
    return frozenset(user_id for (user_id,) in sql.fetch(statement, users, feed, sql.as_time(since), type))


def export_feed(user: User) -> list[dict[str, object]]:
    """What others were shown of what they did, the first first."""
    columns = ("at", "feed", "type", "summary")
    entries = FeedEntry.objects.filter(actor=user).order_by("id")
    return [{column: getattr(entry, column) for column in columns} for entry in entries]
