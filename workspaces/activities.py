"""A workspace's feed, as one of its people may read it."""

from accounts.models import User
from accounts.selectors import whom_blocks
from activity.models import FeedEntry
from activity.selectors import feed_page
from core.pagination import MAXIMUM_LIMIT
from workspaces.audiences import feed_of, private_audience
from workspaces.selectors import get_workspace_for, private_channels_of


def activities_for(user: User, workspace_id: int, *, limit: int, before: int | None = None) -> list[FeedEntry]:
    """What happened in a workspace `user` is in, the latest first; `limit` over 200 is clamped.

    What happened in private channels they are not in is left out, and what those did whom they have blocked. With
    `before`, only what is older than the entry of that id. Raises NotFound.
    """
    workspace = get_workspace_for(user, workspace_id)
    audiences = [private_audience(channel_id) for channel_id in private_channels_of(user, workspace.pk)]
    limit = min(limit, MAXIMUM_LIMIT)
    return feed_page(feed_of(workspace.pk), audiences, limit, before, hidden_ids=whom_blocks(user))
