"""What workspaces announces, told to the sockets of every process once it is stored."""

from activity.events import FeedGrew
from core.events import after_commit
from workspaces import events
from workspaces.audiences import feed_of
from workspaces.realtime.feeds import ring_feed, ring_readers
from workspaces.realtime.presence import reconsider_people, reconsider_workspace


@after_commit(FeedGrew)
def show_the_feed(event: FeedGrew) -> None:
    ring_feed(event.feed, event.entry_ids)


@after_commit(events.MemberAdded)
def show_who_came(event: events.MemberAdded) -> None:
    reconsider_people([event.user_id])


@after_commit(events.MemberRemoved)
def hide_who_left(event: events.MemberRemoved) -> None:
    """That they left is in the feed too, where whoever may not follow it any more is found."""
    reconsider_people([event.user_id])


@after_commit(events.WorkspaceCreated)
def show_the_first(event: events.WorkspaceCreated) -> None:
    reconsider_people([event.by_id])


@after_commit(events.WorkspaceDeleted)
def part_its_people(event: events.WorkspaceDeleted) -> None:
    ring_readers(feed_of(event.workspace_id))
    reconsider_workspace(event.workspace_id)
