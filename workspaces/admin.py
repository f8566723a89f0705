from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from core.admin_kit import ReadOnlyAdmin, actor, list_action, page_action
from workspaces.models import Channel, ChannelMember, Invitation, LastSeen, Member, PresenceLease, Workspace
from workspaces.selectors import with_counts
from workspaces.services import platform

DELETED = ("deleted_at", admin.EmptyFieldListFilter)
STATES = {"open": "success", "deleted": "danger"}


class GiveForm(BaseDialogForm):  # type: ignore[misc]
    user_id = forms.IntegerField(
        min_value=1, widget=UnfoldAdminIntegerFieldWidget, label="User's id", help_text="Of somebody who is in it."
    )


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin[Workspace]):
    """Its people make and run it; the platform may end it, or give it to another of them."""

    list_display = ("name", "state", "people", "open_channels", "created_by", "created_at")
    list_filter = (DELETED, "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name", "description", "created_by__username", "created_by__email")
    search_help_text = "Name, description, or who made it."
    date_hierarchy = "created_at"
    ordering = ("-id",)
    actions = ("end",)
    actions_detail = ("give", "end_this")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        return with_counts(super().get_queryset(request))

    @display(description="state", ordering="deleted_at", label=STATES)
    def state(self, workspace: Workspace) -> str:
        return "open" if workspace.deleted_at is None else "deleted"

    @display(description="people")
    def people(self, workspace: Any) -> int:
        return workspace.people or 0

    @display(description="channels")
    def open_channels(self, workspace: Any) -> int:
        return workspace.open_channels or 0

    @list_action("Delete the selected")
    def end(self, request: HttpRequest, workspace: Workspace) -> None:
        platform.close_workspace(workspace=workspace, by=actor(request))

    @page_action(
        "Give to",
        question="They are its owner then, and who owned it is an admin.",
        icon="key",
        form=GiveForm,
    )
    def give(self, request: HttpRequest, workspace: Workspace, form: Any) -> None:
        platform.give_workspace(workspace=workspace, user_id=form.cleaned_data["user_id"], by=actor(request))

    @page_action(
        "Delete",
        question="It is there for nobody any more, and nobody can undo this. What was said in it stays stored.",
        icon="delete",
        variant=ActionVariant.DANGER,
    )
    def end_this(self, request: HttpRequest, workspace: Workspace, form: Any) -> None:
        platform.close_workspace(workspace=workspace, by=actor(request))


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin[Member]):
    list_display = ("user", "workspace", "is_what", "joined_at")
    list_filter = ("role", "joined_at")
    list_select_related = ("user", "workspace")
    search_fields = ("user__username", "user__email", "workspace__name")
    ordering = ("-id",)
    actions = ("put_out",)

    @display(description="role", ordering="role", label={"owner": "success", "admin": "info"})
    def is_what(self, member: Member) -> str:
        return member.role

    @list_action("Put the selected out of their workspaces")
    def put_out(self, request: HttpRequest, member: Member) -> None:
        platform.put_out_of_workspace(member=member, by=actor(request))


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin[Invitation]):
    list_display = ("email", "workspace", "role", "invited_by", "is_open", "created_at", "expires_at")
    list_filter = ("role", "created_at", "expires_at")
    list_select_related = ("workspace", "invited_by")
    search_fields = ("email", "workspace__name", "invited_by__username")
    ordering = ("-id",)
    actions = ("withdraw",)

    @display(description="open", boolean=True)
    def is_open(self, invitation: Invitation) -> bool:
        return invitation.expires_at > timezone.now()

    @list_action("Withdraw the selected")
    def withdraw(self, request: HttpRequest, invitation: Invitation) -> None:
        platform.revoke_invitation(invitation=invitation)


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin[Channel]):
    list_display = ("name", "workspace", "is_private", "state", "created_by", "created_at")
    list_filter = ("is_private", DELETED, "created_at")
    list_select_related = ("workspace", "created_by")
    search_fields = ("name", "workspace__name", "created_by__username")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    actions = ("end",)

    @display(description="state", ordering="deleted_at", label=STATES)
    def state(self, channel: Channel) -> str:
        return "open" if channel.deleted_at is None else "deleted"

    @list_action("Delete the selected")
    def end(self, request: HttpRequest, channel: Channel) -> None:
        platform.close_channel(channel=channel, by=actor(request))


@admin.register(ChannelMember)
class ChannelMemberAdmin(ReadOnlyAdmin[ChannelMember]):
    """Of private channels: who is in a public one's workspace is in it."""

    list_display = ("user", "channel", "workspace", "added_at")
    list_filter = ("added_at",)
    list_select_related = ("user", "channel__workspace")
    search_fields = ("user__username", "channel__name", "channel__workspace__name")
    ordering = ("-id",)

    @display(description="workspace", ordering="channel__workspace__name")
    def workspace(self, inside: ChannelMember) -> str:
        return inside.channel.workspace.name


@admin.register(PresenceLease)
class PresenceLeaseAdmin(ReadOnlyAdmin[PresenceLease]):
    list_display = ("user", "is_what", "is_live", "expires_at", "node")
    list_filter = ("status", "expires_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "node__exact")
    search_help_text = "Username, or the id of a server's process."
    ordering = ("-expires_at", "-id")

    @display(description="status", ordering="status", label={"online": "success", "idle": "warning"})
    def is_what(self, lease: PresenceLease) -> str:
        return lease.status

    @display(description="live", boolean=True)
    def is_live(self, lease: PresenceLease) -> bool:
        return lease.expires_at > timezone.now()


@admin.register(LastSeen)
class LastSeenAdmin(ReadOnlyAdmin[LastSeen]):
    list_display = ("user", "at")
    list_filter = ("at",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("-at",)
