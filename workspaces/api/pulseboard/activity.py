from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound
from core.pagination import DEFAULT_LIMIT
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import Id, Integer, Serializer, Text
from core.surface.views import SurfaceView
from workspaces.activities import activities_for

ACTIVITY_EXAMPLE = {
    "id": 1,
    "actor_email": "c1@example.com",
    "type": "message_sent",
    "ref_id": 5,
    "summary": "Cara sent a message in #general",
    "created_at": "2026-01-15T11:00:00Z",
}


class ActivitiesIn(Serializer):
    workspace_id = Id()
    limit = Integer(
        min_value=1,
        max_value=2**63 - 1,
        default=DEFAULT_LIMIT,
        help_text="How many, 50 unless given; more than 200 are clamped.",
    )
    before = Id(
        required=False,
        help_text="The id of an activity: only older ones. That of the last one shown gives the next page.",
    )


class ActivityOut(Serializer):
    id = fields.IntegerField()
    actor_email = fields.EmailField(source="actor.email", help_text="Who did it.")
    type = Text(max_length=40, help_text="Such as `message_sent`.")
    ref_id = fields.IntegerField(help_text="Of what it was done to: of `message_sent` the message.")
    summary = Text(source="sentence", max_length=410, help_text="For people.")
    created_at = fields.DateTimeField(source="at")


class ActivityFeed(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Show what happened in a workspace",
        description="The latest first. What happened in private channels is shown to their members only, and nothing "
        "of those whom I have blocked.",
        body=ActivitiesIn,
        answer=ActivityOut(many=True),
        errors=[NotFound],
        example={"workspace_id": 1, "limit": 50},
        answer_example=[ACTIVITY_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        asked = self.body(ActivitiesIn)
        activities = activities_for(
            self.caller, asked["workspace_id"], limit=asked["limit"], before=asked.get("before")
        )
        return Response(ActivityOut(activities, many=True).data)
