from accounts.events import AccountAnonymised, EmailProved
from accounts.services.privacy import register_export_section
from activity.services import Target, record_activity
from core.events import with_it
from notifications.kinds import Kind, register_kind
from notifications.services.inbox import NewNotification, notify
from workspaces import (
    events,
    exports,
    feed,  # noqa: F401 - it subscribes by itself
)
from workspaces.presence import last_seen_section
from workspaces.realtime import announcements  # noqa: F401 - so does this
from workspaces.selectors import get_membership
from workspaces.services.leases import forget_presence
from workspaces.services.members import leave_every_workspace, take_up_invitations

INVITATION = Kind("invitation", "Being added to a workspace")

register_kind(INVITATION)
register_export_section("last_seen", last_seen_section)
register_export_section("workspaces", exports.workspaces_section)
register_export_section("private_channels", exports.channels_section)
register_export_section("workspace_invitations", exports.invitations_section)


@with_it(EmailProved)
def take_the_places_kept(event: EmailProved) -> None:
    take_up_invitations(user_id=event.user_id, email=event.email)


@with_it(AccountAnonymised)
def leave(event: AccountAnonymised) -> None:
    leave_every_workspace(event.user_id)
    forget_presence(event.user_id)


@with_it(events.MemberAdded)
def tell_who_was_added(event: events.MemberAdded) -> None:
    """Not who took up an invitation: they did it themselves. Who is added again is told again."""
    member = get_membership(event.workspace_id, event.user_id)
    notify(
        [
            NewNotification(
                recipient_id=event.user_id,
                actor_id=event.by_id,
                kind=INVITATION.name,
                message=f"added you to the workspace {member.workspace.name}",
                details={"workspace_id": event.workspace_id},
                dedupe_key=f"invitation:{member.pk}",
            )
        ]
    )


@with_it(events.WorkspaceCreated)
def write_down_the_workspace(event: events.WorkspaceCreated) -> None:
    _write_down("workspace_created", event, "Created a workspace")


@with_it(events.WorkspaceDeleted)
def write_down_its_end(event: events.WorkspaceDeleted) -> None:
    _write_down("workspace_deleted", event, "Deleted a workspace")


@with_it(events.MemberRoleChanged)
def write_down_the_role(event: events.MemberRoleChanged) -> None:
    """In a workspace's own feed its people read whose it was; here an account tells."""
    record_activity(
        type="workspace_role_changed",
        actor_id=event.by_id,
        summary=f"Changed what somebody is in a workspace from {event.old} to {event.new}",
        target=_workspace(event.workspace_id),
        details={"user": event.user_id},
    )


def _write_down(type: str, event: events.WorkspaceCreated | events.WorkspaceDeleted, summary: str) -> None:
    record_activity(type=type, actor_id=event.by_id, summary=summary, target=_workspace(event.workspace_id))


def _workspace(workspace_id: int) -> Target:
    return Target("workspace", workspace_id)
