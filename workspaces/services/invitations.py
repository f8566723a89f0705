"""Places kept for addresses that nobody is known by yet."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.errors import NotFound
from notifications.services import queue_mail
from workspaces.models import Invitation, Workspace
from workspaces.services.locks import lock_workspace_run_by

VALID_FOR = timedelta(days=14)


def invite(locked: Workspace, email: str, role: str, by: User) -> Invitation:
    """Keep a place, or keep it longer, and write to the address. Of a workspace that is locked."""
    fields = {"role": role, "invited_by": by, "expires_at": timezone.now() + VALID_FOR}
    invitation, _ = Invitation.objects.update_or_create(workspace=locked, email=email, defaults=fields)
    queue_mail(
        recipient=email,
        subject=f"You are invited to {locked.name}",
        template="workspaces/mail/invitation",
        context={
            "workspace": locked.name,
            "invited_by": by.get_full_name() or by.username,
            "email": email,
            "link": settings.PUBLIC_URL,
            "expires_at": invitation.expires_at,
        },
        expires_at=invitation.expires_at,
    )
    return invitation


@transaction.atomic
def withdraw_invitation(*, workspace: Workspace, invitation_id: int, by: User) -> None:
    """Raises NotAnAdmin, and NotFound for one that is not there or was taken up."""
    locked = lock_workspace_run_by(by, workspace.pk).workspace
    if not Invitation.objects.filter(workspace=locked, pk=invitation_id).delete()[0]:
        raise NotFound


def purge_invitations() -> int:
    """Forget those that have run out. Returns how many."""
    return Invitation.objects.filter(expires_at__lte=timezone.now()).delete()[0]
