"""The Pulseboard contract. Reading this page is reading the client's document."""

from datetime import timedelta
from typing import Any

from accounts.api.pulseboard.authentication import RenewingAuthentication
from accounts.api.pulseboard.people import Me
from accounts.api.pulseboard.sign_in import LogOut, Refresh, Register, RequestCode, VerifyCode
from accounts.api.tickets import IssueTicket
from analytics.api.pulseboard import ActiveUsers, MessagesPerDay
from chat.api.pulseboard.messages import (
    ChannelMessageDetail,
    ChannelMessageReactions,
    ChannelMessages,
    ChannelRead,
    SearchMessages,
)
from chat.consumers.pulseboard import ChannelsConsumer
from core.sessions import SessionPolicy
from core.surface.contract import Contract, Json, Route, SocketRoute, grouped
from core.surface.failure import Failure
from notifications.api.pulseboard import Inbox, NotificationPreferences, ReadNotifications
from notifications.consumers.pulseboard import NotificationsConsumer
from workspaces.api.pulseboard.activity import ActivityFeed
from workspaces.api.pulseboard.channels import ChannelDetail, ChannelList, ChannelMembers
from workspaces.api.pulseboard.members import (
    WorkspaceInvitation,
    WorkspaceInvitations,
    WorkspaceMember,
    WorkspaceMembers,
)
from workspaces.api.pulseboard.workspaces import WorkspaceDetail, WorkspaceList
from workspaces.consumers.pulseboard import ActivityConsumer, PresenceConsumer


def spell_failure(failure: Failure) -> dict[str, Any]:
    body: dict[str, Any] = {"status": "error", "message": _text_of(failure), "code": failure.code, **failure.details}
    return {**body, "errors": failure.fields} if failure.fields else body


def _text_of(failure: Failure) -> str:
    """Two texts that the document has; what was wrong with the token is in the code."""
    if failure.status == 401:
        return "Invalid or expired token"
    return f"{' or '.join(failure.methods)} method required" if failure.methods else failure.message


def spell_frame_failure(failure: Failure) -> dict[str, Any]:
    return {"type": "error", "message": failure.message, "code": failure.code, **failure.details}


def envelope(data: Json) -> Json:
    """A list is the `data` of an answer; what an act has to say stands beside its `status`."""
    return {"status": "success", **data} if isinstance(data, dict) else {"status": "success", "data": data}


def envelope_schema(schema: Any) -> Any:
    status = {"type": "string", "enum": ["success"]}
    if schema.get("type") == "array":
        return {"type": "object", "properties": {"status": status, "data": schema}, "required": ["status", "data"]}
    return {"allOf": [{"type": "object", "properties": {"status": status}, "required": ["status"]}, schema]}


PULSEBOARD = Contract(
    name="pulseboard",
    title="Pulseboard",
    description=(
        "Workspaces, their channels, activity, presence and notifications, for browsers. snake_case JSON that says its "
        "`status`; sessions live in HttpOnly cookies and renew themselves.\n\n"
        "The examples work on the demo data as they stand: have a code sent to `c1@example.com` (mail is printed where "
        "the server runs), sign in with it, and your browser sends the cookies along from then on."
    ),
    prefix="/api/",
    session=SessionPolicy(surface="pulseboard", access=timedelta(minutes=15), refresh=timedelta(days=30)),
    spell_failure=spell_failure,
    failure_schema={
        "type": "object",
        "properties": {
            "status": {"type": "string", "enum": ["error"]},
            "message": {"type": "string", "description": "For people."},
            "code": {"type": "string", "description": "For programs; stable."},
            "errors": {
                "type": "object",
                "description": "What was wrong with which field.",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
        },
        "required": ["status", "message", "code"],
    },
    envelope=envelope,
    envelope_schema=envelope_schema,
    authentication=RenewingAuthentication,
    spell_frame_failure=spell_frame_failure,
    routes=(
        *grouped(
            "Authentication",
            Route("api/register/", Register),
            Route("api/request-otp/", RequestCode),
            Route("api/verify-otp/", VerifyCode),
            Route("api/logout/", LogOut),
            Route("api/refresh/", Refresh),
            Route("api/me/", Me),
            Route("api/ws-ticket/", IssueTicket),
        ),
        *grouped(
            "Workspaces",
            Route("api/workspaces/", WorkspaceList),
            Route("api/workspaces/<int:workspace_id>/", WorkspaceDetail),
            Route("api/workspaces/<int:workspace_id>/members/", WorkspaceMembers),
            Route("api/workspaces/<int:workspace_id>/members/<int:user_id>/", WorkspaceMember),
            Route("api/workspaces/<int:workspace_id>/invitations/", WorkspaceInvitations),
            Route("api/workspaces/<int:workspace_id>/invitations/<int:invitation_id>/", WorkspaceInvitation),
        ),
        *grouped(
            "Channels",
            Route("api/channels/", ChannelList),
            Route("api/channels/<int:channel_id>/", ChannelDetail),
            Route("api/channels/<int:channel_id>/members/", ChannelMembers),
        ),
        *grouped(
            "Messages",
            Route("api/messages/", ChannelMessages),
            Route("api/messages/search/", SearchMessages),
            Route("api/messages/<int:message_id>/", ChannelMessageDetail),
            Route("api/messages/<int:message_id>/reactions/", ChannelMessageReactions),
            Route("api/channels/<int:channel_id>/read/", ChannelRead),
        ),
        *grouped("Activity", Route("api/activities/", ActivityFeed)),
        *grouped(
            "Metrics",
            Route("api/metrics/messages-per-day/", MessagesPerDay),
            Route("api/metrics/active-users/", ActiveUsers),
        ),
        *grouped(
            "Notifications",
            Route("api/notifications/", Inbox),
            Route("api/notifications/read/", ReadNotifications),
            Route("api/notifications/preferences/", NotificationPreferences),
        ),
    ),
    sockets=(
        SocketRoute("ws/chat/", ChannelsConsumer),
        SocketRoute("ws/notifications/", NotificationsConsumer),
        SocketRoute("ws/activity/", ActivityConsumer),
        SocketRoute("ws/presence/", PresenceConsumer),
    ),
    path_examples={
        "workspace_id": 1,
        "channel_id": 1,
        "user_id": 2,
        "invitation_id": 1,
        "message_id": 18,
        "q": "release",
    },
)
