"""Pulseboard's workspace: its people and channels, and what was said and happened there in the last two weeks.

The rows are planted with past dates, as the history of the venues is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from activity.models import FeedEntry
from chat.models import Conversation, Message
from notifications.models import Notification
from workspaces.audiences import audience_of, feed_of
from workspaces.models import Channel, ChannelMember, Invitation, Member, Role, Workspace

AGE = timedelta(days=14)


@dataclass(frozen=True)
class Team:
    """Who is in the workspace. The member is in the private channel too; the admin is not."""

    owner: User
    member: User
    admin: User


@dataclass(frozen=True)
class Line:
    ago: timedelta
    channel: str
    who: str
    body: str


def _days(days: int, minutes: int = 0) -> timedelta:
    return timedelta(days=days) - timedelta(minutes=minutes)


# The first is message 3: the private chat has the two before it. The last was said just now, so it can be edited.
TALK = (
    Line(_days(13), "general", "owner", "Hello team!"),
    Line(_days(13, 4), "general", "member", "Hello! Good to be here."),
    Line(_days(13, 9), "general", "admin", "Welcome, both of you."),
    Line(_days(12), "leads", "owner", "Shall we show the new build on Friday?"),
    Line(_days(12, 6), "leads", "member", "Friday is fine."),
    Line(_days(10), "general", "admin", "The build is green again."),
    Line(_days(9), "general", "member", "I have written the release notes down."),
    Line(_days(9, 30), "general", "owner", "They read well."),
    Line(_days(7), "general", "member", "@c1 can you look at the release once more?"),
    Line(_days(7, 12), "general", "owner", "Done, it can go out."),
    Line(_days(5), "general", "admin", "It is out. Nobody has complained yet."),
    Line(_days(3), "leads", "member", "What comes next?"),
    Line(_days(2), "general", "owner", "Next is search. Who has ideas?"),
    Line(_days(2, 20), "general", "admin", "Plenty. Let us talk tomorrow."),
    Line(timedelta(minutes=20), "general", "member", "@c1 there are biscuits in the kitchen."),
    Line(timedelta(0), "general", "owner", "Hello everybody!"),
)
FIRST_MESSAGE = 3


def plant_workspace(team: Team, now: datetime) -> None:
    """Workspace 1 with the channels 1 and 2, a private one, and an invitation that nobody has taken up."""
    since = now - AGE
    workspace = Workspace.objects.create(
        id=1, name="Engineering Team", description="Main engineering workspace", created_by=team.owner
    )
    Workspace.objects.update(created_at=since)
    roles = ((team.owner, Role.OWNER), (team.member, Role.MEMBER), (team.admin, Role.ADMIN))
    Member.objects.bulk_create(Member(workspace=workspace, user=user, role=role) for user, role in roles)
    Member.objects.update(joined_at=since)
    Invitation.objects.create(
        id=1, workspace=workspace, email="erin@example.com", invited_by=team.owner, expires_at=now + timedelta(days=6)
    )
    channels = [_plant_channel(1, "general", team, since), _plant_channel(2, "leads", team, since, is_private=True)]
    _plant_beginnings(team, channels, since)
    _plant_talk(team, channels, now)


def _plant_channel(number: int, name: str, team: Team, since: datetime, *, is_private: bool = False) -> Channel:
    channel = Channel.objects.create(id=number, workspace_id=1, name=name, is_private=is_private, created_by=team.owner)
    Channel.objects.filter(pk=number).update(created_at=since + timedelta(minutes=number))
    if is_private:
        let_in = (team.owner, team.member)
        ChannelMember.objects.bulk_create(ChannelMember(channel=channel, user=user) for user in let_in)
    return channel


def _plant_beginnings(team: Team, channels: list[Channel], since: datetime) -> None:
    happened = [
        ("workspace_created", 1, "created the workspace", ""),
        ("member_added", team.member.pk, "added a member", ""),
        ("member_added", team.admin.pk, "added an admin", ""),
        *(("channel_created", one.pk, f"created #{one.name}", audience_of(one.pk)) for one in channels),
    ]
    FeedEntry.objects.bulk_create(
        FeedEntry(
            feed=feed_of(1), audience=audience, at=since, actor=team.owner, type=type, ref_id=ref_id, summary=summary
        )
        for type, ref_id, summary, audience in happened
    )


def _plant_talk(team: Team, channels: list[Channel], now: datetime) -> None:
    """What was said, what the feed shows of it, and who was told of it: of the first mention they have read."""
    by_name = {channel.name: channel for channel in channels}
    rooms = {
        channel.name: Conversation.objects.create(kind=Conversation.Kind.CHANNEL, channel=channel, updated_at=now)
        for channel in channels
    }
    for message_id, line in enumerate(TALK, start=FIRST_MESSAGE):
        room, channel, at = rooms[line.channel], by_name[line.channel], now - line.ago
        sender: User = getattr(team, line.who)
        room.last_seq += 1
        message = Message.objects.create(
            id=message_id,
            conversation=room,
            seq=room.last_seq,
            sender=sender,
            body=line.body,
            in_channel=True,
            created_at=at,
        )
        FeedEntry.objects.create(
            feed=feed_of(1),
            audience=audience_of(channel.pk),
            at=at,
            actor=sender,
            type="message_sent",
            ref_id=message.pk,
            summary=f"sent a message in #{channel.name}",
        )
        if line.body.startswith("@c1"):
            _plant_mention(team.owner, message, channel, read_at=now if line.ago > timedelta(days=1) else None)
    for room in rooms.values():
        room.save(update_fields=["last_seq"])


def _plant_mention(recipient: User, message: Message, channel: Channel, *, read_at: datetime | None) -> None:
    Notification.objects.create(
        recipient=recipient,
        actor=message.sender,
        kind="mention",
        message=f"mentioned you in #{channel.name}",
        details={"workspace_id": 1, "channel_id": channel.pk, "message_id": message.pk},
        dedupe_key=f"mention:{message.pk}",
        created_at=message.created_at,
        read_at=read_at,
    )
