"""What the platform's people decide of a workspace they are not in. No contract leads here: the admin does."""

from django.db import transaction

from accounts.models import User
from core.errors import NotFound
from workspaces.errors import MemberUnknown, OwnerStays
from workspaces.models import Channel, Invitation, Member, Role, Workspace
from workspaces.services.channels import end_channel
from workspaces.services.locks import get_place, lock_workspace
from workspaces.services.members import drop_member, hand_over
from workspaces.services.workspaces import end_workspace


@transaction.atomic
def close_workspace(*, workspace: Workspace, by: User) -> None:
    """Raises NotFound for one that is deleted already."""
    end_workspace(lock_workspace(workspace.pk), by_id=by.pk)


@transaction.atomic
def give_workspace(*, workspace: Workspace, user_id: int, by: User) -> None:
    """Make somebody who is in it the owner. Raises MemberUnknown, and NotFound for a deleted one."""
    locked = lock_workspace(workspace.pk)
    heir = Member.objects.filter(workspace=locked, user__id=user_id).first()
    if heir is None:
        raise MemberUnknown
    owner = Member.objects.get(workspace=locked, role=Role.OWNER)
    if heir != owner:
        hand_over(owner, heir, by_id=by.pk)


@transaction.atomic
def put_out_of_workspace(*, member: Member, by: User) -> None:
    """Raises OwnerStays, and NotFound for who has gone already."""
    place = get_place(lock_workspace(member.workspace_id), member.user_id)
    if place.is_owner:
        raise OwnerStays
    drop_member(place, by_id=by.pk)


@transaction.atomic
def revoke_invitation(*, invitation: Invitation) -> None:
    """Raises NotFound for one that was taken up or withdrawn."""
    locked = lock_workspace(invitation.workspace_id)
    if not Invitation.objects.filter(workspace=locked, pk=invitation.pk).delete()[0]:
        raise NotFound


@transaction.atomic
def close_channel(*, channel: Channel, by: User) -> None:
    """Raises NotFound for one that is deleted already."""
    locked = lock_workspace(channel.workspace_id)
    stored = Channel.objects.filter(workspace=locked, pk=channel.pk, deleted_at=None).first()
    if stored is None:
        raise NotFound
    end_channel(stored, by_id=by.pk)
