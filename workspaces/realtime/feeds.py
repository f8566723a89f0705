"""Feeds, shown to those who follow them as they grow.

A ring says which entries a feed was given. What is heard within a moment is read together, with who of the followers
may see what at that time: so whoever is put out of a workspace or a channel, or blocks somebody, sees no more of it
from then on. Each entry is spelled once, and a socket is written to once. A ring that is lost is found by looking,
every few seconds, for what followed feeds were given lately.
"""

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable

from django.db import DatabaseError

from accounts.models import User
from activity.models import FeedEntry
from activity.selectors import entries_after, newest_entry_id
from core.background import Background
from core.errors import NotFound
from core.realtime.doorbell import Ring
from core.realtime.exchange import Exchange, exchange, ring_everywhere
from core.realtime.outbox import Outbox
from core.realtime.wire import Frame
from core.surface.socket_figures import figures
from core.threads import in_database_thread
from workspaces.activities import Missed, News, activities_missed, read_news
from workspaces.audiences import feed_of
from workspaces.realtime.bundle import Bundle

log = logging.getLogger(__name__)

GATHER = 0.1
LOOK_EVERY = 5.0
LOOKED_AT_ONCE = 20_000
TRY_AGAIN_AFTER = 1.0
# A ring may come again, or late: for how many looks it is remembered what was shown.
LOOKS_REMEMBERED = 12

# How a client contract writes an entry.
Spell = Callable[[FeedEntry], Frame]


class Follower:
    """One socket that follows one workspace's feed; `show_out` tells it that it does so no more."""

    def __init__(
        self, user: User, workspace_id: int, outbox: Outbox, spell: Spell, show_out: Callable[[int], None]
    ) -> None:
        self.user = user
        self.workspace_id = workspace_id
        self.feed = feed_of(workspace_id)
        self.outbox = outbox
        self.spell = spell
        self.show_out = show_out
        # What came before it followed: nothing up to the first, and none of the second, is news to it.
        self.since = 0
        self.caught_up_on: frozenset[int] = frozenset()
        # What comes while it is not caught up; None: it is.
        self._waiting: list[tuple[Bundle, Collection[int]]] | None = []

    @property
    def is_caught_up(self) -> bool:
        return self._waiting is None

    def show(self, bundle: Bundle, without: Collection[int] = ()) -> None:
        if self._waiting is not None:
            self._waiting.append((bundle, without))
        else:
            figures.sent["activity_update"] += bundle.send(self.outbox, without=without)

    def catch_up(self, missed: Missed) -> None:
        """Show it first what it missed, then what came meanwhile."""
        self.caught_up_on = frozenset({*missed.seen_ids, *(entry.pk for entry in missed.entries)})
        waiting, self._waiting = self._waiting or [], None
        self.show(Bundle({entry.pk: self.spell(entry) for entry in missed.entries}))
        for bundle, without in waiting:
            self.show(bundle, self.caught_up_on.union(without))


class Feeds:
    def __init__(self, rung_by: Exchange) -> None:
        self._exchange = rung_by
        self._background = Background()
        self._followers: dict[str, set[Follower]] = defaultdict(set)
        self._wanted: Counter[str] = Counter()
        self._grown: dict[str, set[int]] = defaultdict(set)
        self._found: set[int] = set()
        self._changed = asyncio.Event()
        self._shown: set[int] = set()
        self._looks: deque[int] = deque(maxlen=LOOKS_REMEMBERED)
        self._looked_up_to: tuple[int, int] | None = None

    def start(self) -> None:
        self._background.keep(self._tell)
        self._background.keep(self._look)

    async def stop(self) -> None:
        await self._background.stop()

    async def follow(self, follower: Follower, since: int | None = None) -> bool:
        """Show what comes; with `since`, first what came after the entry of that id. Returns whether that was all.

        It follows before that is read, so that what is stored while it is read is shown too. Raises NotFound where it
        is not for them to see.
        """
        self._want(follower.feed)
        try:
            await self._exchange.heard(group_of(follower.feed))
            self._join(follower)
        finally:
            self._unwant(follower.feed)
        try:
            follower.since = await in_database_thread(newest_entry_id)
            self._looked_up_to = self._looked_up_to or (follower.since, follower.since)
            missed = await self._missed(follower, since)
            if not self._is_following(follower):
                raise NotFound
            follower.catch_up(missed)
            return missed.are_all
        finally:
            if not follower.is_caught_up:
                self.leave(follower)

    def _join(self, follower: Follower) -> None:
        self._want(follower.feed)
        self._followers[follower.feed].add(follower)

    def leave(self, follower: Follower) -> None:
        if self._is_following(follower):
            self._followers[follower.feed].discard(follower)
            if not self._followers[follower.feed]:
                del self._followers[follower.feed]
            self._unwant(follower.feed)

    def _is_following(self, follower: Follower) -> bool:
        return follower in self._followers.get(follower.feed, ())

    def _want(self, feed: str) -> None:
        """One ear a feed, however many follow it."""
        self._wanted[feed] += 1
        if self._wanted[feed] == 1:
            self._exchange.subscribe(group_of(feed), self._hear)

    def _unwant(self, feed: str) -> None:
        self._wanted[feed] -= 1
        if not self._wanted[feed]:
            del self._wanted[feed]
            self._exchange.unsubscribe(group_of(feed), self._hear)

    async def _missed(self, follower: Follower, since: int | None) -> Missed:
        if since is None:
            return Missed([], True, [])
        return await in_database_thread(activities_missed, follower.user, follower.workspace_id, since=since)

    def _hear(self, ring: Ring) -> None:
        self._grown[ring["feed"]].update(ring["entries"])
        self._changed.set()

    async def _tell(self) -> None:
        while True:
            await self._changed.wait()
            try:
                await self._round()
            except DatabaseError as trouble:
                log.warning("cannot read feeds: %s", type(trouble).__name__)
                await asyncio.sleep(TRY_AGAIN_AFTER)
            if not self._grown:
                self._changed.clear()
            await asyncio.sleep(GATHER)

    async def _round(self) -> None:
        grown, self._grown = self._grown, defaultdict(set)
        followed = [one for feed in grown for one in self._followers.get(feed, ())]
        if not followed:
            return
        entry_ids = {entry_id for feed, ids in grown.items() if feed in self._followers for entry_id in ids}
        try:
            news = await in_database_thread(read_news, entry_ids - self._shown, {one.user.pk for one in followed})
        except (DatabaseError, asyncio.CancelledError):
            for feed, ids in grown.items():
                self._grown[feed] |= ids
            raise
        self._shown |= entry_ids
        self._show(news, followed)
        self._found -= entry_ids

    def _show(self, news: News, followed: Iterable[Follower]) -> None:
        by_feed: dict[str, list[FeedEntry]] = defaultdict(list)
        for entry in news.entries:
            by_feed[entry.feed].append(entry)
        bundles: dict[tuple[str, Spell], Bundle] = {}
        for follower in filter(self._is_following, followed):
            entries = by_feed[follower.feed]
            if follower.workspace_id not in news.workspace_ids[follower.user.pk]:
                self.leave(follower)
                if follower.is_caught_up:
                    follower.show_out(follower.workspace_id)
            elif entries:
                key = follower.feed, follower.spell
                if key not in bundles:
                    bundles[key] = Bundle({entry.pk: follower.spell(entry) for entry in entries})
                without = [entry.pk for entry in entries if self._is_kept_from(follower, entry, news)]
                follower.show(bundles[key], without)

    def _is_kept_from(self, follower: Follower, entry: FeedEntry, news: News) -> bool:
        is_old = entry.pk in follower.caught_up_on or (entry.pk in self._found and entry.pk <= follower.since)
        return is_old or news.hides(entry, follower.user.pk)

    async def _look(self) -> None:
        """Find what no ring told. Ids are not stored in their order, so each is looked for twice."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if not self._followers or self._looked_up_to is None:
                self._looked_up_to = None
                self._shown.clear()
                self._looks.clear()
                self._found.clear()
                continue
            before_last, last = self._looked_up_to
            try:
                rows = await in_database_thread(entries_after, list(self._followers), before_last, LOOKED_AT_ONCE)
            except DatabaseError as trouble:
                log.warning("cannot look at feeds: %s", type(trouble).__name__)
                continue
            for entry_id, feed in rows:
                if entry_id not in self._shown:
                    self._found.add(entry_id)
                    self._hear({"feed": feed, "entries": [entry_id]})
            newest = rows[-1][0] if rows else last
            self._looked_up_to = last, max(last, newest)
            self._looks.append(last)
            self._shown = {entry_id for entry_id in self._shown if entry_id > self._looks[0]}


def group_of(feed: str) -> str:
    return f"feed.{feed}"


def ring_feed(feed: str, entry_ids: Iterable[int]) -> None:
    """It was given these entries. Told from any thread, once they are stored."""
    ring_everywhere(group_of(feed), {"feed": feed, "entries": list(entry_ids)})


def ring_readers(feed: str) -> None:
    """Who may see it has changed, which no look finds."""
    ring_everywhere(group_of(feed), {"feed": feed, "entries": []}, lasting=True)


_running: dict[asyncio.AbstractEventLoop, Feeds] = {}


async def feeds() -> Feeds:
    """This loop's, started when first asked for."""
    loop, rung_by = asyncio.get_running_loop(), await exchange()
    if loop not in _running:
        _running[loop] = Feeds(rung_by)
        _running[loop].start()
    return _running[loop]


async def stop_feeds() -> None:
    running = _running.pop(asyncio.get_running_loop(), None)
    if running is not None:
        await running.stop()
