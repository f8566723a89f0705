"""Jobs of workspaces. A task calls one service."""

from core.jobs import scheduled
from workspaces.services.invitations import purge_invitations


@scheduled(minute="41")
def purge_workspaces() -> None:
    purge_invitations()
