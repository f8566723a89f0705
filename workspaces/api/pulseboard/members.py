"""Who is in a workspace, and who is asked to be."""

from rest_framework.request import Request
from rest_framework.response import Response

from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import ListQuery
from core.surface.views import SurfaceView
from workspaces.api.pulseboard.fields import (
    MEMBER_EXAMPLE,
    AddedOut,
    InvitationOut,
    MemberAnswer,
    MemberOut,
    NewMemberIn,
    RoleIn,
)
from workspaces.errors import AlreadyMember, Blocked, NotAnAdmin, NotTheOwner, OwnerStays
from workspaces.models import Invitation, Member
from workspaces.selectors import get_workspace_for, get_workspace_run_by, invitations_to, members_of
from workspaces.services.invitations import withdraw_invitation
from workspaces.services.members import add_member, change_role, remove_member


class WorkspaceMembers(SurfaceView):
    access = {"GET": SIGNED_IN, "POST": SIGNED_IN}

    @operation(
        summary="List who is in a workspace",
        query=[ListQuery],
        answer=MemberOut(many=True),
        answer_example=[MEMBER_EXAMPLE],
    )
    def get(self, request: Request, workspace_id: int) -> Response:
        members = members_of(get_workspace_for(self.caller, workspace_id))
        return self.answer_page(members, MemberOut, order_by=("id",))

    @operation(
        summary="Add somebody to a workspace",
        description="For its owner and admins. Whoever has proved that the address is theirs is in it at once; to "
        "another one a mail is written, and they are in it as soon as they sign in with it. Asked again, the "
        "invitation is renewed.",
        body=NewMemberIn,
        answer=AddedOut,
        status=201,
        errors=[NotAnAdmin, Blocked, AlreadyMember],
        example={"email": "dora@example.com", "role": "member"},
        answer_example={"state": "invited", "user_id": None, "email": "dora@example.com", "role": "member"},
    )
    def post(self, request: Request, workspace_id: int) -> Response:
        workspace = get_workspace_for(self.caller, workspace_id)
        asked = self.body(NewMemberIn)
        return self.answer(AddedOut, _told(add_member(workspace=workspace, by=self.caller, **asked)), status=201)


def _told(added: Member | Invitation) -> dict[str, object]:
    if isinstance(added, Invitation):
        return {"state": "invited", "user_id": None, "email": added.email, "role": added.role}
    return {"state": "member", "user_id": added.user_id, "email": added.user.email, "role": added.role}


class WorkspaceMember(SurfaceView):
    access = {"PATCH": SIGNED_IN, "DELETE": SIGNED_IN}

    @operation(
        summary="Change what somebody is in a workspace",
        description="For its owner and admins. The owner may make somebody else the owner, and is an admin then.",
        body=RoleIn,
        answer=MemberAnswer,
        errors=[NotAnAdmin, NotTheOwner, OwnerStays],
        example={"role": "admin"},
        answer_example={"data": {**MEMBER_EXAMPLE, "role": "admin"}},
    )
    def patch(self, request: Request, workspace_id: int, user_id: int) -> Response:
        workspace = get_workspace_for(self.caller, workspace_id)
        role = self.body(RoleIn)["role"]
        member = change_role(workspace=workspace, user_id=user_id, role=role, by=self.caller)
        return self.answer(MemberAnswer, {"data": member})

    @operation(
        summary="Take somebody out of a workspace, or leave it",
        description="Others for its owner and admins. Who is out is out of its private channels too; the owner has to "
        "make somebody else the owner first.",
        status=204,
        errors=[NotAnAdmin, OwnerStays],
    )
    def delete(self, request: Request, workspace_id: int, user_id: int) -> Response:
        remove_member(workspace=get_workspace_for(self.caller, workspace_id), user_id=user_id, by=self.caller)
        return Response(status=204)


class WorkspaceInvitations(SurfaceView):
    access = {"GET": SIGNED_IN}

    @operation(
        summary="List who is asked to join a workspace",
        description="For its owner and admins: the invitations that can still be taken up.",
        query=[ListQuery],
        answer=InvitationOut(many=True),
        errors=[NotAnAdmin],
        answer_example=[
            {
                "id": 1,
                "email": "dora@example.com",
                "role": "member",
                "invited_by": "c1@example.com",
                "created_at": "2026-01-15T10:40:00Z",
                "expires_at": "2026-01-29T10:40:00Z",
            }
        ],
    )
    def get(self, request: Request, workspace_id: int) -> Response:
        invitations = invitations_to(get_workspace_run_by(self.caller, workspace_id))
        return self.answer_page(invitations, InvitationOut, order_by=("id",))


class WorkspaceInvitation(SurfaceView):
    access = {"DELETE": SIGNED_IN}

    @operation(summary="Withdraw an invitation", description="For the workspace's owner and admins.", status=204)
    def delete(self, request: Request, workspace_id: int, invitation_id: int) -> Response:
        workspace = get_workspace_for(self.caller, workspace_id)
        withdraw_invitation(workspace=workspace, invitation_id=invitation_id, by=self.caller)
        return Response(status=204)
