from collections.abc import Collection
from typing import Any

from django.db.models import BigIntegerField, Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Upper
from django.utils import timezone

from accounts.models import User
from activity.services import FEED_KEPT_FOR
from core import sql
from core.errors import NotFound
from core.prepared import Prepared, Slot
from workspaces.errors import NotAnAdmin
from workspaces.models import Channel, ChannelMember, Invitation, Member, Role, Workspace

_workspace = Prepared(
    lambda: (
        _workspaces_of(Slot("user_id", BigIntegerField()))
        .select_related("created_by")
        .filter(pk=Slot("workspace_id", BigIntegerField()))
    )
)
_channel = Prepared(
    lambda: (
        _channels_open_to(Slot("user_id", BigIntegerField()))
        .select_related("workspace")
        .filter(pk=Slot("channel_id", BigIntegerField()))
    )
)


def get_workspace_for(user: User, workspace_id: int) -> Workspace:
    """A workspace `user` is in, with who made it. Raises NotFound."""
    workspace = _workspace.first(user_id=user.pk, workspace_id=workspace_id)
    if workspace is None:
        raise NotFound
    return workspace


def get_workspace_run_by(user: User, workspace_id: int) -> Workspace:
    """One they are the owner or an admin of. Raises NotFound, and NotAnAdmin for one they are a member of."""
    workspace = get_workspace_for(user, workspace_id)
    if not runs_workspace(user, workspace_id):
        raise NotAnAdmin
    return workspace


def get_channel_for(user: User, channel_id: int) -> Channel:
    """A channel `user` may read and write in, with its workspace. Raises NotFound."""
    channel = _channel.first(user_id=user.pk, channel_id=channel_id)
    if channel is None:
        raise NotFound
    return channel


def channels_among(channel_ids: Collection[int]) -> dict[int, Channel]:
    """These channels by their ids, for whoever may. One at a time is what is asked for most."""
    if len(channel_ids) == 1:
        return {channel.pk: channel for channel in _any_channel.all(id=next(iter(channel_ids)))}
    return Channel.objects.in_bulk(list(channel_ids))


_any_channel = Prepared(lambda: Channel.objects.filter(pk=Slot("id", BigIntegerField())).order_by())


def workspaces_of(user: User) -> QuerySet[Workspace]:
    """Those they are in."""
    return _workspaces_of(user.pk)


def with_counts(workspaces: QuerySet[Workspace]) -> QuerySet[Workspace]:
    """The workspaces, each with how many `people` and `open_channels` it has; None for none."""
    channels = Channel.objects.filter(deleted_at=None)
    return workspaces.annotate(people=_count(Member.objects.all()), open_channels=_count(channels))


def _count(rows: QuerySet[Any]) -> Subquery:
    each = rows.filter(workspace=OuterRef("pk")).order_by().values("workspace")
    return Subquery(each.annotate(count=Count("pk")).values("count"))


def members_of(workspace: Workspace) -> QuerySet[Member]:
    """With the people."""
    return _members_of(workspace.pk)


def invitations_to(workspace: Workspace) -> QuerySet[Invitation]:
    """Those that can still be taken up, with who sent them."""
    waiting = Invitation.objects.filter(workspace=workspace, expires_at__gt=timezone.now())
    return waiting.select_related("invited_by")


def channels_open_to(user: User, workspace: Workspace) -> QuerySet[Channel]:
    """Those of the workspace that `user` may read and write in."""
    return _channels_open_to(user.pk).filter(workspace=workspace)


def members_in(channel: Channel) -> QuerySet[Member]:
    """Who may read and write in it, with the people: of a public one all of its workspace."""
    members = _members_of(channel.workspace_id)
    if not channel.is_private:
        return members
    return members.filter(user__in=ChannelMember.objects.filter(channel=channel).values("user"))


def get_membership(workspace_id: int, user_id: int) -> Member:
    """With the workspace; one that is known to be there."""
    return Member.objects.select_related("workspace").get(workspace=workspace_id, user=user_id)


def memberships_of(user: User) -> QuerySet[Member]:
    """Of deleted workspaces too, with the workspaces; the first first."""
    return Member.objects.filter(user=user).select_related("workspace").order_by("id")


def private_memberships_of(user: User) -> QuerySet[ChannelMember]:
    """With the channels and their workspaces; the first first."""
    return ChannelMember.objects.filter(user=user).select_related("channel__workspace").order_by("id")


def invitations_by(user: User) -> QuerySet[Invitation]:
    """Those they sent that nobody has taken up, with the workspaces; the first first."""
    return Invitation.objects.filter(invited_by=user).select_related("workspace").order_by("id")


def workspace_ids_of(user_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """The ids of the workspaces that each of these people is in."""
    found: dict[int, set[int]] = {user_id: set() for user_id in user_ids}
    rows = Member.objects.filter(user__in=found, workspace__deleted_at=None)
    for user_id, workspace_id in rows.values_list("user_id", "workspace_id"):
        found[user_id].add(workspace_id)
    return {user_id: frozenset(ids) for user_id, ids in found.items()}


def runs_workspace(user: User, workspace_id: int) -> bool:
    """Whether they are its owner or one of its admins."""
    ranks = (Role.OWNER, Role.ADMIN)
    return Member.objects.filter(workspace=workspace_id, workspace__deleted_at=None, user=user, role__in=ranks).exists()


def channels_open_among(user_ids: Collection[int], channel_ids: Collection[int]) -> frozenset[tuple[int, int]]:
    """(user, channel) wherever one of these people may read and write in one of these channels; in one query, since
    it is asked for every message.
    """
    statement = f"""
        SELECT member.user_id, channel.id
        FROM workspaces_channel AS channel
        JOIN workspaces_workspace AS workspace ON workspace.id = channel.workspace_id
        JOIN workspaces_member AS member ON member.workspace_id = channel.workspace_id
        WHERE {sql.one_of("channel.id")} AND {sql.one_of("member.user_id")}
        AND channel.deleted_at IS NULL AND workspace.deleted_at IS NULL
        AND (NOT channel.is_private OR EXISTS (
            SELECT 1 FROM workspaces_channelmember AS inside
            WHERE inside.channel_id = channel.id AND inside.user_id = member.user_id
        ))
        """  # noqa: S608 - what is put in here are names
    found = sql.fetch(statement, sql.listed(channel_ids), sql.listed(user_ids))
    return frozenset((user_id, channel_id) for user_id, channel_id in found)


def private_among(channel_ids: Collection[int]) -> frozenset[int]:
    return frozenset(
        Channel.objects.filter(pk__in=channel_ids, is_private=True).order_by().values_list("pk", flat=True)
    )


def channels_shown_to(user: User, workspace_id: int) -> frozenset[int]:
    """The ids of those of a workspace that one of its people is shown what happened in: also in a public one that was
    deleted, for as long as that is kept.
    """
    inside = ChannelMember.objects.filter(channel=OuterRef("pk"), user=user)
    rows = Channel.objects.filter(Q(is_private=False) | Exists(inside), workspace=workspace_id).order_by()
    is_kept = Q(deleted_at=None) | Q(deleted_at__gt=timezone.now() - FEED_KEPT_FOR)
    return frozenset(rows.filter(is_kept).values_list("pk", flat=True))


def members_named(channel: Channel, usernames: Collection[str]) -> list[User]:
    """Those who may read the channel, of the people who are called so, without regard to case."""
    names = {username.upper() for username in usernames}
    rows = members_in(channel).alias(name=Upper("user__username")).filter(user__is_active=True, name__in=names)
    return [member.user for member in rows.order_by("user")]


def _workspaces_of(user_id: int | Slot) -> QuerySet[Workspace]:
    return Workspace.objects.filter(members__user=user_id, deleted_at=None)


def _members_of(workspace_id: int) -> QuerySet[Member]:
    return Member.objects.filter(workspace=workspace_id).select_related("user")


def _channels_open_to(user_id: int | Slot) -> QuerySet[Channel]:
    """Public ones of the workspaces they are in, and the private ones they were let into."""
    inside = ChannelMember.objects.filter(channel=OuterRef("pk"), user=user_id)
    rows = Channel.objects.filter(workspace__members__user=user_id, workspace__deleted_at=None, deleted_at=None)
    return rows.filter(Q(is_private=False) | Exists(inside))
