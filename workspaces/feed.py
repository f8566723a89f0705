"""What the people of a workspace are shown to have happened in it. What is said in its channels is told by chat."""

from activity.services import FeedItem, record_in_feed
from core.events import with_it
from workspaces import events
from workspaces.audiences import audience_of, feed_of
from workspaces.models import Channel


@with_it(events.WorkspaceCreated)
def workspace_created(event: events.WorkspaceCreated) -> None:
    _show("workspace_created", event.workspace_id, event.by_id, event.workspace_id, "created the workspace")


@with_it(events.MemberAdded)
def member_added(event: events.MemberAdded) -> None:
    is_by_themselves = event.by_id == event.user_id
    summary = "joined the workspace" if is_by_themselves else f"added {_as_role(event.role)}"
    _show("member_added", event.workspace_id, event.by_id, event.user_id, summary)


@with_it(events.MemberRoleChanged)
def role_changed(event: events.MemberRoleChanged) -> None:
    new = _as_role(event.new)
    summary = f"became {new}" if event.by_id == event.user_id else f"made {_as_role(event.old)} {new}"
    _show("role_changed", event.workspace_id, event.by_id, event.user_id, summary)


@with_it(events.MemberRemoved)
def member_removed(event: events.MemberRemoved) -> None:
    summary = "left the workspace" if event.by_id == event.user_id else "removed a member"
    _show("member_removed", event.workspace_id, event.by_id, event.user_id, summary)


@with_it(events.ChannelCreated)
def channel_created(event: events.ChannelCreated) -> None:
    _show_channel("channel_created", event.channel_id, event.by_id, "created")


@with_it(events.ChannelDeleted)
def channel_deleted(event: events.ChannelDeleted) -> None:
    """Of a private one nobody is shown it: those who were in it are in it no more."""
    _show_channel("channel_deleted", event.channel_id, event.by_id, "deleted")


def _show_channel(type: str, channel_id: int, by_id: int, did: str) -> None:
    channel = Channel.objects.get(pk=channel_id)
    _show(type, channel.workspace_id, by_id, channel_id, f"{did} #{channel.name}", audience_of(channel_id))


def _show(type: str, workspace_id: int, by_id: int, ref_id: int, summary: str, audience: str = "") -> None:
    record_in_feed([FeedItem(feed_of(workspace_id), type, by_id, ref_id, summary, audience)])


def _as_role(role: str) -> str:
    return {"owner": "the owner", "admin": "an admin"}.get(role, "a member")
