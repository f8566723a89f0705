from typing import cast

from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import ListQuery
from core.surface.views import SurfaceView
from workspaces.api.pulseboard.fields import (
    CHANNEL_EXAMPLE,
    MEMBER_EXAMPLE,
    ChannelAnswer,
    ChannelIn,
    ChannelMade,
    ChannelMemberIn,
    ChannelOut,
    MemberAnswer,
    MemberOut,
    NewChannelIn,
)
from workspaces.errors import AlreadyInChannel, ChannelIsPublic, ChannelNameTaken, ChannelNotYours, MemberUnknown
from workspaces.selectors import channels_open_to, get_channel_for, get_workspace_for, members_in
from workspaces.services.channels import (
    ChannelFields,
    change_channel,
    create_channel,
    delete_channel,
    let_into_channel,
    put_out_of_channel,
)


class ChannelsQuery(ListQuery):
    workspace_id = fields.IntegerField(min_value=1, max_value=2**63 - 1)


class ChannelList(SurfaceView):
    access = {"GET": SIGNED_IN, "POST": SIGNED_IN}

    @operation(
        summary="List the channels of a workspace",
        description="Private ones only where I was let in.",
        query=[ChannelsQuery],
        answer=ChannelOut(many=True),
        errors=[NotFound],
        answer_example=[CHANNEL_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        workspace = get_workspace_for(self.caller, self.query(ChannelsQuery)["workspace_id"])
        return self.answer_page(channels_open_to(self.caller, workspace), ChannelOut, order_by=("id",))

    @operation(
        summary="Create a channel",
        description="Names are compared without case. Of a private one I am the first member.",
        body=NewChannelIn,
        answer=ChannelMade,
        status=201,
        errors=[NotFound, ChannelNameTaken],
        example={"workspace_id": 1, "name": "random", "is_private": False},
        answer_example={"channel_id": 3},
    )
    def post(self, request: Request) -> Response:
        asked = self.body(NewChannelIn)
        workspace = get_workspace_for(self.caller, asked.pop("workspace_id"))
        return self.answer(ChannelMade, create_channel(workspace=workspace, by=self.caller, **asked), status=201)


class ChannelDetail(SurfaceView):
    access = {"GET": SIGNED_IN, "PATCH": SIGNED_IN, "DELETE": SIGNED_IN}

    @operation(summary="Show a channel", answer=ChannelAnswer, answer_example={"data": CHANNEL_EXAMPLE})
    def get(self, request: Request, channel_id: int) -> Response:
        return self.answer(ChannelAnswer, {"data": get_channel_for(self.caller, channel_id)})

    @operation(
        summary="Rename a channel, or make it private or public",
        description="For who made it, and the workspace's owner and admins. One that becomes private keeps who made it "
        "and who did this; one that becomes public is everybody's.",
        body=ChannelIn(partial=True),
        answer=ChannelAnswer,
        errors=[ChannelNotYours, ChannelNameTaken],
        example={"name": "general"},
        answer_example={"data": CHANNEL_EXAMPLE},
    )
    def patch(self, request: Request, channel_id: int) -> Response:
        channel = get_channel_for(self.caller, channel_id)
        asked = cast(ChannelFields, self.body(ChannelIn, partial=True))
        return self.answer(ChannelAnswer, {"data": change_channel(channel=channel, fields=asked, by=self.caller)})

    @operation(
        summary="Delete a channel",
        description="For who made it, and the workspace's owner and admins.",
        status=204,
        errors=[ChannelNotYours],
    )
    def delete(self, request: Request, channel_id: int) -> Response:
        delete_channel(channel=get_channel_for(self.caller, channel_id), by=self.caller)
        return Response(status=204)


class ChannelMembers(SurfaceView):
    access = {"GET": SIGNED_IN, "POST": SIGNED_IN, "DELETE": SIGNED_IN}

    @operation(
        summary="List who is in a channel",
        description="In a public one everybody of its workspace is.",
        query=[ListQuery],
        answer=MemberOut(many=True),
        answer_example=[MEMBER_EXAMPLE],
    )
    def get(self, request: Request, channel_id: int) -> Response:
        members = members_in(get_channel_for(self.caller, channel_id))
        return self.answer_page(members, MemberOut, order_by=("id",))

    @operation(
        summary="Let somebody of the workspace into a private channel",
        description="For everybody who is in it.",
        body=ChannelMemberIn,
        answer=MemberAnswer,
        status=201,
        errors=[MemberUnknown, AlreadyInChannel, ChannelIsPublic],
        path_example={"channel_id": 2},
        example={"user_id": 3},
        answer_example={"data": MEMBER_EXAMPLE},
    )
    def post(self, request: Request, channel_id: int) -> Response:
        channel = get_channel_for(self.caller, channel_id)
        user_id = self.body(ChannelMemberIn)["user_id"]
        member = let_into_channel(channel=channel, user_id=user_id, by=self.caller)
        return self.answer(MemberAnswer, {"data": member}, status=201)

    @operation(
        summary="Put somebody out of a private channel, or leave it",
        description="Others for who made it, and the workspace's owner and admins. It ends with its last member.",
        body=ChannelMemberIn,
        status=204,
        errors=[ChannelNotYours, ChannelIsPublic],
        path_example={"channel_id": 2},
        example={"user_id": 2},
    )
    def delete(self, request: Request, channel_id: int) -> Response:
        channel = get_channel_for(self.caller, channel_id)
        put_out_of_channel(channel=channel, user_id=self.body(ChannelMemberIn)["user_id"], by=self.caller)
        return Response(status=204)
