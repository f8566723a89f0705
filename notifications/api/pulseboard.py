"""The inbox: what one was told of, what of it is unread, and what one wants to be told of."""

from typing import Any

from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import Boolean, Choice, Id, ListQuery, Serializer, Text
from core.surface.views import SurfaceView
from notifications.errors import KindUnknown
from notifications.models import Preference
from notifications.selectors.inbox import count_unread, inbox_of, unread_of
from notifications.selectors.preferences import preferences_of
from notifications.services.inbox import mark_read
from notifications.services.preferences import prefer

MOST_IDS = 500
NOTIFICATION_EXAMPLE = {
    "id": 1,
    "kind": "mention",
    "message": "Cara mentioned you in #general",
    "details": {"workspace_id": 1, "channel_id": 1, "message_id": 5},
    "created_at": "2026-01-15T11:00:00Z",
    "read_at": None,
}
PREFERENCES_EXAMPLE = [
    {"kind": "mention", "title": "Somebody mentions you", "in_app": True, "email": False},
    {
        "kind": "subscription_ending",
        "title": "Your venue's subscription is about to end",
        "in_app": True,
        "email": True,
    },
]


class InboxQuery(ListQuery):
    unread = fields.BooleanField(default=False, help_text="Only what is unread.")


class NotificationOut(Serializer):
    id = fields.IntegerField()
    kind = Text(max_length=40, help_text="Such as `mention`; the preferences have all there are.")
    message = Text(source="sentence", max_length=410, help_text="For people.")
    details = fields.DictField(help_text="Ids of what it is about; which, depends on the kind.")
    created_at = fields.DateTimeField()
    read_at = fields.DateTimeField(allow_null=True)


class InboxAnswer(Serializer):
    data = NotificationOut(many=True)  # type: ignore[assignment]
    unread_count = fields.IntegerField(help_text="Of all, however many are shown.")


class Inbox(SurfaceView):
    access = {"GET": SIGNED_IN}

    @operation(
        summary="List what I was told of",
        description="The latest first. What was read is kept for three months, and nothing for longer than a year.",
        answer=InboxAnswer,
        query=[InboxQuery],
        answer_example={"data": [NOTIFICATION_EXAMPLE], "unread_count": 1},
    )
    def get(self, request: Request) -> Response:
        rows = unread_of if self.query(InboxQuery)["unread"] else inbox_of
        response = self.answer_page(rows(self.caller), NotificationOut, order_by=("-id",))
        response.data = {"data": response.data, "unread_count": count_unread(self.caller)}
        return response


class NotificationsReadIn(Serializer):
    ids = fields.ListField(
        child=Id(),
        max_length=MOST_IDS,
        required=False,
        help_text="All that are there by now, unless given. Those that are not mine to read change nothing.",
    )


class NotificationsReadOut(Serializer):
    updated = fields.IntegerField(help_text="How many had been unread.")
    unread_count = fields.IntegerField(help_text="How many still are.")


class ReadNotifications(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Mark notifications as read",
        description="My open sockets hear of it, and what is read is not mailed any more.",
        body=NotificationsReadIn,
        answer=NotificationsReadOut,
        example={"ids": [1]},
        answer_example={"updated": 1, "unread_count": 0},
    )
    def post(self, request: Request) -> Response:
        updated = mark_read(by=self.caller, ids=self.body(NotificationsReadIn).get("ids"))
        return self.answer(NotificationsReadOut, {"updated": updated, "unread_count": count_unread(self.caller)})


class PreferredOut(Serializer):
    kind = Text(max_length=40)
    title = Text(help_text="For people.")
    in_app = Boolean(help_text="It is in the inbox, and sent to open sockets.")
    email = Boolean(
        help_text="It is mailed when it has not been read in the app within two minutes; at once where it has its own "
        "mail."
    )


class PreferenceIn(Serializer):
    kind = Text(max_length=40, help_text="One that the list has.")
    channel = Choice(choices=Preference.Channel.choices)
    enabled = Boolean()


class NotificationPreferences(SurfaceView):
    access = {"GET": SIGNED_IN, "PATCH": SIGNED_IN}

    @operation(
        summary="Show what I want to be told of",
        description="Every kind there is, and in which ways I am told.",
        answer=PreferredOut(many=True),
        answer_example=PREFERENCES_EXAMPLE,
    )
    def get(self, request: Request) -> Response:
        return self._shown()

    @operation(
        summary="Switch a way of being told of a kind on or off",
        description="From now on. What was told before stays in the inbox.",
        body=PreferenceIn,
        answer=PreferredOut(many=True),
        errors=[KindUnknown],
        example={"kind": "mention", "channel": "email", "enabled": False},
        answer_example=PREFERENCES_EXAMPLE,
    )
    def patch(self, request: Request) -> Response:
        prefer(**self.body(PreferenceIn), by=self.caller)
        return self._shown()

    def _shown(self) -> Response:
        preferred: list[Any] = preferences_of(self.caller)
        return Response(PreferredOut(preferred, many=True).data)
