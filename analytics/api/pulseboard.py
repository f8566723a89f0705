from django.utils import timezone
from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.workspace_metrics import count_active_users, messages_per_day
from core.errors import NotFound
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import Id, Integer, Serializer
from core.surface.views import SurfaceView

LONGEST_MINUTES = 30 * 24 * 60


class MeasuredIn(Serializer):
    workspace_id = Id()


class ActiveUsersIn(MeasuredIn):
    minutes = Integer(min_value=1, max_value=LONGEST_MINUTES, help_text="Up to thirty days.")


class MessagesOfDayOut(Serializer):
    day = fields.DateField(help_text="UTC's.")
    count = fields.IntegerField()


class ActiveCountOut(Serializer):
    active_count = fields.IntegerField()


class ActiveCountAnswer(Serializer):
    data = ActiveCountOut()  # type: ignore[assignment]


class MessagesPerDay(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Count the messages of each of the last fourteen days",
        description="The oldest day first, today last. Private channels' messages are counted too.",
        body=MeasuredIn,
        answer=MessagesOfDayOut(many=True),
        errors=[NotFound],
        example={"workspace_id": 1},
        answer_example=[{"day": "2026-01-01", "count": 45}, {"day": "2026-01-02", "count": 67}],
    )
    def post(self, request: Request) -> Response:
        days = messages_per_day(self.caller, self.body(MeasuredIn)["workspace_id"], at=timezone.now())
        return Response(MessagesOfDayOut(days, many=True).data)


class ActiveUsers(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Count who was active in a workspace",
        description="Who of its people said something in it in the last `minutes`, or was online or idle.",
        body=ActiveUsersIn,
        answer=ActiveCountAnswer,
        errors=[NotFound],
        example={"workspace_id": 1, "minutes": 15},
        answer_example={"data": {"active_count": 8}},
    )
    def post(self, request: Request) -> Response:
        asked = self.body(ActiveUsersIn)
        count = count_active_users(self.caller, asked["workspace_id"], minutes=asked["minutes"], at=timezone.now())
        return self.answer(ActiveCountAnswer, {"data": {"active_count": count}})
