from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import ListQuery
from core.surface.views import SurfaceView
from workspaces.api.pulseboard.fields import (
    WORKSPACE_EXAMPLE,
    WorkspaceAnswer,
    WorkspaceIn,
    WorkspaceMade,
    WorkspaceOut,
)
from workspaces.errors import NotAnAdmin, NotTheOwner
from workspaces.selectors import get_workspace_for, workspaces_of
from workspaces.services.workspaces import WorkspaceFields, change_workspace, create_workspace, delete_workspace


class WorkspaceList(SurfaceView):
    access = {"GET": SIGNED_IN, "POST": SIGNED_IN}

    @operation(
        summary="List the workspaces I am in",
        query=[ListQuery],
        answer=WorkspaceOut(many=True),
        answer_example=[WORKSPACE_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        workspaces = workspaces_of(self.caller).select_related("created_by")
        return self.answer_page(workspaces, WorkspaceOut, order_by=("id",))

    @operation(
        summary="Create a workspace",
        description="Who makes it is its owner.",
        body=WorkspaceIn,
        answer=WorkspaceMade,
        status=201,
        example={"name": "Marketing Team", "description": "Marketing collaboration space"},
        answer_example={"workspace_id": 2},
    )
    def post(self, request: Request) -> Response:
        return self.answer(WorkspaceMade, create_workspace(by=self.caller, **self.body(WorkspaceIn)), status=201)


class WorkspaceDetail(SurfaceView):
    access = {"GET": SIGNED_IN, "PATCH": SIGNED_IN, "DELETE": SIGNED_IN}

    @operation(summary="Show a workspace", answer=WorkspaceAnswer, answer_example={"data": WORKSPACE_EXAMPLE})
    def get(self, request: Request, workspace_id: int) -> Response:
        return self.answer(WorkspaceAnswer, {"data": get_workspace_for(self.caller, workspace_id)})

    @operation(
        summary="Change some of a workspace",
        description="For its owner and admins.",
        body=WorkspaceIn(partial=True),
        answer=WorkspaceAnswer,
        errors=[NotAnAdmin],
        example={"description": "Main engineering workspace"},
        answer_example={"data": WORKSPACE_EXAMPLE},
    )
    def patch(self, request: Request, workspace_id: int) -> Response:
        workspace = get_workspace_for(self.caller, workspace_id)
        fields = cast(WorkspaceFields, self.body(WorkspaceIn, partial=True))
        return self.answer(
            WorkspaceAnswer, {"data": change_workspace(workspace=workspace, fields=fields, by=self.caller)}
        )

    @operation(
        summary="Delete a workspace",
        description="For its owner: with its channels it is there for nobody any more.",
        status=204,
        errors=[NotTheOwner],
    )
    def delete(self, request: Request, workspace_id: int) -> Response:
        delete_workspace(workspace=get_workspace_for(self.caller, workspace_id), by=self.caller)
        return Response(status=204)
