"""Pulseboard's workspace: its people and channels, and what happened there in the last two weeks.

The rows are planted with past dates, as the history of the venues is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from activity.models import FeedEntry
from workspaces.audiences import audience_of, feed_of
from workspaces.models import Channel, ChannelMember, Invitation, Member, Role, Workspace

AGE = timedelta(days=14)


@dataclass(frozen=True)
class Team:
    """Who is in the workspace. The member is in the private channel too; the admin is not."""

    owner: User
    member: User
    admin: User


def plant_workspace(team: Team, now: datetime) -> None:
    """Workspace 1 with the channels 1 and 2, a private one, and an invitation that nobody has taken up."""
    since = now - AGE
    workspace = Workspace.objects.create(
        id=1, name="Engineering Team", description="Main engineering workspace", created_by=team.owner
    )
    Workspace.objects.update(created_at=since)
    roles = ((team.owner, Role.OWNER), (team.member, Role.MEMBER), (team.admin, Role.ADMIN))
    for minutes, (user, role) in enumerate(roles):
        member = Member.objects.create(workspace=workspace, user=user, role=role)
        Member.objects.filter(pk=member.pk).update(joined_at=since + timedelta(minutes=minutes))
    Invitation.objects.create(
        id=1, workspace=workspace, email="erin@example.com", invited_by=team.owner, expires_at=now + timedelta(days=6)
    )
    channels = [_plant_channel(1, "general", team, since), _plant_channel(2, "leads", team, since, is_private=True)]
    _plant_feed(team, channels, since)


def _plant_channel(number: int, name: str, team: Team, since: datetime, *, is_private: bool = False) -> Channel:
    channel = Channel.objects.create(id=number, workspace_id=1, name=name, is_private=is_private, created_by=team.owner)
    Channel.objects.filter(pk=number).update(created_at=since + timedelta(minutes=5 * number))
    if is_private:
        ChannelMember.objects.bulk_create(
            ChannelMember(channel=channel, user=user) for user in (team.owner, team.member)
        )
    return channel


def _plant_feed(team: Team, channels: list[Channel], since: datetime) -> None:
    happened = [
        ("workspace_created", 1, "created the workspace", ""),
        ("member_added", team.member.pk, "added a member", ""),
        ("member_added", team.admin.pk, "added an admin", ""),
        *(("channel_created", one.pk, f"created #{one.name}", audience_of(one)) for one in channels),
    ]
    FeedEntry.objects.bulk_create(
        FeedEntry(
            feed=feed_of(1),
            audience=audience,
            at=since + timedelta(minutes=2 * number),
            actor=team.owner,
            type=type,
            ref_id=ref_id,
            summary=summary,
        )
        for number, (type, ref_id, summary, audience) in enumerate(happened)
    )
