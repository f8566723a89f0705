from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import SUPERUSER
from activity.selectors import ActivitySearch, find_activity
from core.surface.schema import operation
from core.surface.serializers import DatedListQuery, Serializer, Text
from core.surface.views import SurfaceView

ENTRY_EXAMPLE = {
    "id": 90,
    "at": "2026-01-05T19:00:00Z",
    "actor": "admin",
    "type": "venue_created",
    "summary": "Created the venue The Anchor",
    "target": {"type": "venue", "id": "3"},
    "details": {},
}


class ActivityQuery(DatedListQuery):
    type = fields.RegexField(r"^[a-z_]{0,40}\Z", default="", allow_blank=True, help_text="Such as `payment_recorded`.")
    actor = fields.CharField(default="", max_length=150, allow_blank=True, help_text="A username.")


class ActivityTargetOut(Serializer):
    """What it was done to; empty where that is nothing."""

    type = Text(source="target_type", allow_blank=True)
    id = Text(source="target_id", allow_blank=True)


class ActivityOut(Serializer):
    id = fields.IntegerField()
    at = fields.DateTimeField()
    actor = Text(source="actor.username", allow_null=True, default=None, help_text="Null: time did, or it is unknown.")
    type = Text(max_length=40)
    summary = Text()
    target = ActivityTargetOut(source="*")
    details = fields.DictField()


class ActivityLog(SurfaceView):
    access = {"GET": SUPERUSER}

    @operation(
        summary="What happened",
        description="The latest first. What is written here is never changed.",
        answer=ActivityOut(many=True),
        query=[ActivityQuery],
        answer_example=[ENTRY_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(ActivityQuery)
        search = ActivitySearch(
            type=asked["type"],
            actor=asked["actor"],
            first_day=asked.get("first_day"),
            last_day=asked.get("last_day"),
        )
        return self.answer_page(find_activity(search), ActivityOut, order_by=("-at", "-id"))
