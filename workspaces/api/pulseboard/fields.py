"""What workspaces, their people and their channels look like to Pulseboard clients."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import fields

from core.surface.serializers import Choice, Email, Id, Serializer, Text
from workspaces.models import Role

WORKSPACE_EXAMPLE = {
    "id": 1,
    "name": "Engineering Team",
    "description": "Main engineering workspace",
    "created_by": "c1@example.com",
    "created_at": "2026-01-15T10:30:00Z",
}
MEMBER_EXAMPLE = {
    "user_id": 2,
    "username": "c2",
    "email": "c2@example.com",
    "full_name": "Cleo Marsh",
    "role": "member",
    "joined_at": "2026-01-15T10:32:00Z",
}
CHANNEL_EXAMPLE = {
    "id": 1,
    "workspace_id": 1,
    "name": "general",
    "is_private": 0,
    "created_at": "2026-01-15T10:35:00Z",
}


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": 1})
class Flag(fields.Field[Any, Any, Any, Any]):
    """Shown as 0 or 1; taken as that or as true or false."""

    taken_as = {"type": ["boolean", "integer"], "minimum": 0, "maximum": 1}
    default_error_messages = {"invalid": "Must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool | int | float) or data not in {0, 1}:
            self.fail("invalid")
        return bool(data)

    def to_representation(self, value: bool) -> int:
        return int(value)


class WorkspaceIn(Serializer):
    name = Text(max_length=100)
    description = Text(max_length=1000, allow_blank=True, required=False)


class WorkspaceOut(Serializer):
    id = Id()
    name = Text(max_length=100)
    description = Text(max_length=1000, allow_blank=True)
    created_by = fields.EmailField(source="created_by.email")
    created_at = fields.DateTimeField()


class WorkspaceAnswer(Serializer):
    data = WorkspaceOut()  # type: ignore[assignment]


class WorkspaceMade(Serializer):
    workspace_id = Id(source="pk")


class NewMemberIn(Serializer):
    email = Email()
    role = Choice(
        choices=[Role.ADMIN.value, Role.MEMBER.value],
        default=Role.MEMBER.value,
        help_text="Only one who is in it can be made the owner.",
    )


class RoleIn(Serializer):
    role = Choice(choices=Role.choices)


class MemberOut(Serializer):
    user_id = Id()
    username = fields.CharField(source="user.username")
    email = fields.EmailField(source="user.email")
    full_name = fields.CharField(source="user.get_full_name")
    role = Choice(choices=Role.choices)
    joined_at = fields.DateTimeField()


class MemberAnswer(Serializer):
    data = MemberOut()  # type: ignore[assignment]


class AddedOut(Serializer):
    state = Choice(choices=["member", "invited"], help_text="Whether they are in it, or were written to.")
    user_id = Id(allow_null=True, help_text="null: nobody is known by that address.")
    email = fields.EmailField()
    role = Choice(choices=Role.choices)


class InvitationOut(Serializer):
    id = Id()
    email = fields.EmailField()
    role = Choice(choices=Role.choices)
    invited_by = fields.EmailField(source="invited_by.email")
    created_at = fields.DateTimeField()
    expires_at = fields.DateTimeField()


class ChannelIn(Serializer):
    name = Text(max_length=80)
    is_private = Flag(required=False)


class NewChannelIn(ChannelIn):
    workspace_id = Id()


class ChannelOut(Serializer):
    id = Id()
    workspace_id = Id()
    name = Text(max_length=80)
    is_private = Flag(help_text="1: only for who was let in.")
    created_at = fields.DateTimeField()


class ChannelAnswer(Serializer):
    data = ChannelOut()  # type: ignore[assignment]


class ChannelMade(Serializer):
    channel_id = Id(source="pk")


class ChannelMemberIn(Serializer):
    user_id = Id(help_text="Of somebody in the workspace.")
