"""A workspace's feed, as its people may read it."""

from collections.abc import Collection
from dataclasses import dataclass

from accounts.models import User
from accounts.selectors import blocks_among, whom_blocks
from activity.models import FeedEntry
from activity.selectors import entry_ids_up_to, feed_after, feed_entries, feed_page
from core.pagination import MAXIMUM_LIMIT
from workspaces.audiences import audience_of, channel_of, feed_of
from workspaces.selectors import (
    channels_open_among,
    channels_shown_to,
    get_workspace_for,
    private_among,
    workspace_ids_of,
)

# How many entries somebody who comes back is taken to have seen: a ring of them may still come, late or again.
SEEN_BEFORE = 1_000


def activities_for(user: User, workspace_id: int, *, limit: int, before: int | None = None) -> list[FeedEntry]:
    """What happened in a workspace `user` is in, the latest first; `limit` over 200 is clamped.

    What happened in private channels they are not in is left out, and what those did whom they have blocked. With
    `before`, only what is older than the entry of that id. Raises NotFound.
    """
    workspace = get_workspace_for(user, workspace_id)
    audiences = _audiences_of(user, workspace.pk)
    limit = min(limit, MAXIMUM_LIMIT)
    return feed_page(feed_of(workspace.pk), audiences, limit, before, hidden_ids=whom_blocks(user))


@dataclass(frozen=True)
class Missed:
    """The entries after one, the oldest first, and whether these are all; and the ids of the latest up to it."""

    entries: list[FeedEntry]
    are_all: bool
    seen_ids: list[int]


def activities_missed(user: User, workspace_id: int, *, since: int) -> Missed:
    """The same for who has seen all up to the entry of the id `since`. Raises NotFound."""
    workspace = get_workspace_for(user, workspace_id)
    feed, audiences = feed_of(workspace.pk), _audiences_of(user, workspace.pk)
    seen_ids = entry_ids_up_to(feed, audiences, since, SEEN_BEFORE)
    entries = feed_after(feed, audiences, MAXIMUM_LIMIT + 1, since, hidden_ids=whom_blocks(user))
    return Missed(entries[:MAXIMUM_LIMIT], len(entries) <= MAXIMUM_LIMIT, seen_ids)


@dataclass(frozen=True)
class News:
    """Entries, the oldest first, and who of those who follow their feeds may see what of them as things are now."""

    entries: list[FeedEntry]
    workspace_ids: dict[int, frozenset[int]]
    private_ids: frozenset[int]
    inside: frozenset[tuple[int, int]]
    blocks: frozenset[tuple[int, int]]

    def hides(self, entry: FeedEntry, user_id: int) -> bool:
        """From one of those who are in the workspace."""
        channel_id = channel_of(entry.audience)
        is_kept_from = channel_id in self.private_ids and (user_id, channel_id) not in self.inside
        return is_kept_from or (user_id, entry.actor_id) in self.blocks


def read_news(entry_ids: Collection[int], follower_ids: Collection[int]) -> News:
    """In a query for each of these, however many there are."""
    entries = feed_entries(entry_ids) if entry_ids else []
    channel_ids = {channel_id for entry in entries if (channel_id := channel_of(entry.audience)) is not None}
    private_ids = private_among(channel_ids) if channel_ids else frozenset()
    actor_ids = {entry.actor_id for entry in entries}
    return News(
        entries,
        workspace_ids_of(follower_ids),
        private_ids,
        channels_open_among(follower_ids, private_ids) if private_ids else frozenset(),
        blocks_among({*follower_ids, *actor_ids}) if entries else frozenset(),
    )


def _audiences_of(user: User, workspace_id: int) -> list[str]:
    return [audience_of(channel_id) for channel_id in channels_shown_to(user, workspace_id)]
