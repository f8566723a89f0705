"""What workspaces hold on a person, for their own eyes."""

from accounts.models import User
from workspaces.selectors import invitations_by, memberships_of, private_memberships_of


def workspaces_section(user: User) -> list[dict[str, object]]:
    return [
        {"workspace": member.workspace.name, "role": member.role, "joined_at": member.joined_at}
        for member in memberships_of(user)
    ]


def channels_section(user: User) -> list[dict[str, object]]:
    """The private ones; they are in every public one of their workspaces."""
    return [
        {"workspace": inside.channel.workspace.name, "channel": inside.channel.name, "added_at": inside.added_at}
        for inside in private_memberships_of(user)
    ]


def invitations_section(user: User) -> list[dict[str, object]]:
    return [
        {
            "workspace": invitation.workspace.name,
            "email": invitation.email,
            "role": invitation.role,
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
        }
        for invitation in invitations_by(user)
    ]
