"""Who is in a workspace, and what they may do there."""

from collections.abc import Sequence
from contextlib import suppress

from django.db import IntegrityError, transaction
from django.db.models import Case, QuerySet, When
from django.utils import timezone

from accounts.models import User
from accounts.selectors import are_blocked, find_active_user, find_user_at
from core import limits
from core.errors import NotFound
from core.events import announce
from workspaces import events
from workspaces.errors import AlreadyMember, Blocked, NotTheOwner, OwnerStays
from workspaces.models import ChannelMember, Invitation, Member, Role, Workspace
from workspaces.services.channels import leave_private_channels
from workspaces.services.invitations import invite
from workspaces.services.locks import get_place, lock_place_of, lock_workspace, lock_workspace_run_by
from workspaces.services.workspaces import end_workspace


@transaction.atomic
def add_member(*, workspace: Workspace, email: str, role: str, by: User) -> Member | Invitation:
    """Whoever is known by that address is in at once; an unknown one is written to, and is in once they prove it.

    Raises NotAnAdmin, Blocked, AlreadyMember, and TooMany: known or not, nobody is told over and over, and nobody tells
    ever so many.
    """
    locked, email = lock_workspace_run_by(by, workspace.pk).workspace, email.lower()
    limits.hit_durably("workspace_invitation_address", email)
    limits.hit_durably("workspace_invitation_sender", str(by.pk))
    user = find_user_at(email)
    if user is None:
        return invite(locked, email, role, by)
    if are_blocked(by, user):
        raise Blocked
    return take_in(locked, user, role, by_id=by.pk)


def take_in(locked: Workspace, user: User, role: str, *, by_id: int) -> Member:
    """Raises AlreadyMember."""
    try:
        with transaction.atomic():
            member = Member.objects.create(workspace=locked, user=user, role=role)
    except IntegrityError:
        raise AlreadyMember from None
    Invitation.objects.filter(workspace=locked, email=user.email).delete()
    announce(events.MemberAdded(workspace_id=locked.pk, user_id=user.pk, role=role, by_id=by_id))
    return member


def take_up_invitations(*, user_id: int, email: str) -> None:
    """They have proved that the address is theirs: all the places kept for it are. One that somebody kept whom they
    block, or who blocks them, goes on waiting.
    """
    kept = Invitation.objects.filter(email=email.lower(), expires_at__gt=timezone.now(), workspace__deleted_at=None)
    workspace_ids = list(kept.order_by("workspace").values_list("workspace", flat=True))
    user = find_active_user(user_id) if workspace_ids else None
    if user is not None:
        _take_up(workspace_ids, user, kept)


@transaction.atomic
def _take_up(workspace_ids: Sequence[int], user: User, kept: QuerySet[Invitation]) -> None:
    """Under the workspaces' locks, in the order in which everybody takes them."""
    for workspace_id in workspace_ids:
        with suppress(NotFound, AlreadyMember):
            locked = lock_workspace(workspace_id)
            invitation = kept.filter(workspace=locked).select_related("invited_by").first()
            if invitation is not None and not are_blocked(user, invitation.invited_by):
                invitation.delete()
                take_in(locked, user, invitation.role, by_id=user.pk)


@transaction.atomic
def change_role(*, workspace: Workspace, user_id: int, role: str, by: User) -> Member:
    """The owner may make somebody else the owner, and is an admin from then on.

    Raises NotAnAdmin, NotTheOwner, OwnerStays, and NotFound for who is not in it.
    """
    place = lock_workspace_run_by(by, workspace.pk)
    member = get_place(place.workspace, user_id)
    if role == member.role:
        return member
    if member.is_owner:
        raise OwnerStays
    if role == Role.OWNER:
        if not place.is_owner:
            raise NotTheOwner
        hand_over(place, member, by_id=by.pk)
    else:
        _set_role(member, role, by_id=by.pk)
    return member


@transaction.atomic
def remove_member(*, workspace: Workspace, user_id: int, by: User) -> None:
    """Everybody may leave but the owner. Who is out is out of the private channels too.

    Raises NotAnAdmin for somebody else, OwnerStays, and NotFound for who is not in it.
    """
    is_leaving = user_id == by.pk
    place = lock_place_of(by, workspace.pk) if is_leaving else lock_workspace_run_by(by, workspace.pk)
    member = place if is_leaving else get_place(place.workspace, user_id)
    if member.is_owner:
        raise OwnerStays
    drop_member(member, by_id=by.pk)


def drop_member(member: Member, *, by_id: int) -> None:
    """Of a workspace that is locked."""
    member.delete()
    leave_private_channels(member.workspace, member.user_id, by_id=by_id)
    announce(events.MemberRemoved(workspace_id=member.workspace_id, user_id=member.user_id, by_id=by_id))


def hand_over(owner: Member, heir: Member, *, by_id: int) -> None:
    """Of a workspace that is locked. The old owner is an admin."""
    _set_role(owner, Role.ADMIN, by_id=by_id)
    _set_role(heir, Role.OWNER, by_id=by_id)


@transaction.atomic
def leave_every_workspace(user_id: int) -> None:
    """They are gone for good. What they owned is the longest-serving admin's, or else member's, or else it ends."""
    joined = Member.objects.filter(user=user_id)
    for workspace_id in joined.order_by("workspace").values_list("workspace", flat=True):
        with suppress(NotFound):
            _leave_for_good(get_place(lock_workspace(workspace_id), user_id))
    joined.delete()
    ChannelMember.objects.filter(user=user_id).delete()


def _leave_for_good(member: Member) -> None:
    if member.is_owner:
        heir = _heirs(member).first()
        if heir is None:
            end_workspace(member.workspace, by_id=member.user_id)
            return
        hand_over(member, heir, by_id=member.user_id)
    drop_member(member, by_id=member.user_id)


def _heirs(owner: Member) -> QuerySet[Member]:
    admins_first = Case(When(role=Role.ADMIN, then=0), default=1)
    others = Member.objects.filter(workspace=owner.workspace, user__is_active=True).exclude(pk=owner.pk)
    return others.order_by(admins_first, "joined_at", "pk")


def _set_role(member: Member, role: str, *, by_id: int) -> None:
    old, member.role = member.role, role
    member.save(update_fields=["role"])
    announce(
        events.MemberRoleChanged(
            workspace_id=member.workspace_id, user_id=member.user_id, old=old, new=role, by_id=by_id
        )
    )
