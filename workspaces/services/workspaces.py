"""Making, changing and ending workspaces."""

from typing import TypedDict

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.events import announce
from workspaces import events
from workspaces.errors import NotTheOwner
from workspaces.models import Invitation, Member, Role, Workspace
from workspaces.services.locks import lock_place_of, lock_workspace_run_by


class WorkspaceFields(TypedDict, total=False):
    """What is to be written; what is missing stays as it is."""

    name: str
    description: str


@transaction.atomic
def create_workspace(*, name: str, description: str = "", by: User) -> Workspace:
    """Who makes it is its owner."""
    workspace = Workspace.objects.create(name=name, description=description, created_by=by)
    Member.objects.create(workspace=workspace, user=by, role=Role.OWNER)
    announce(events.WorkspaceCreated(workspace_id=workspace.pk, by_id=by.pk))
    return workspace


@transaction.atomic
def change_workspace(*, workspace: Workspace, fields: WorkspaceFields, by: User) -> Workspace:
    """Raises NotAnAdmin."""
    locked = lock_workspace_run_by(by, workspace.pk).workspace
    for name, value in fields.items():
        setattr(locked, name, value)
    locked.save(update_fields=list(fields))
    return locked


@transaction.atomic
def delete_workspace(*, workspace: Workspace, by: User) -> None:
    """Nobody finds it any more; what happened in it stays stored. Raises NotTheOwner."""
    place = lock_place_of(by, workspace.pk)
    if not place.is_owner:
        raise NotTheOwner
    end_workspace(place.workspace, by_id=by.pk)


def end_workspace(locked: Workspace, *, by_id: int) -> None:
    """Its invitations hold addresses of people who never came: they go for good."""
    locked.deleted_at = timezone.now()
    locked.save(update_fields=["deleted_at"])
    Invitation.objects.filter(workspace=locked).delete()
    announce(events.WorkspaceDeleted(workspace_id=locked.pk, by_id=by_id))
