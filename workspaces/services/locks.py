"""The lock of a workspace: whatever changes who is in it, what they may, or its channels, holds it. SQLite has none for
rows: there a transaction that writes has the database to itself.
"""

from accounts.models import User
from core.errors import NotFound
from workspaces.errors import NotAnAdmin
from workspaces.models import Member, Workspace


def lock_workspace(workspace_id: int) -> Workspace:
    """The workspace as stored, held to the end of the transaction. Others may still write rows that refer to it.

    Raises NotFound for a deleted one too.
    """
    rows = Workspace.objects.select_for_update(no_key=True, of=("self",))
    workspace = rows.filter(pk=workspace_id, deleted_at=None).first()
    if workspace is None:
        raise NotFound
    return workspace


def lock_place_of(user: User, workspace_id: int) -> Member:
    """What they are in the workspace, which is locked. Raises NotFound if it has gone meanwhile, or they have."""
    workspace = lock_workspace(workspace_id)
    return get_place(workspace, user.pk)


def lock_workspace_run_by(user: User, workspace_id: int) -> Member:
    """The same, of who may run it. Raises NotAnAdmin too."""
    place = lock_place_of(user, workspace_id)
    if not place.runs_it:
        raise NotAnAdmin
    return place


def get_place(workspace: Workspace, user_id: int) -> Member:
    """With the person, and the workspace it was asked of. Raises NotFound."""
    # By `user__id`, since of a relation itself Django asks for numbers that no column holds.
    place = Member.objects.select_related("user").filter(workspace=workspace, user__id=user_id).first()
    if place is None:
        raise NotFound
    place.workspace = workspace
    return place
