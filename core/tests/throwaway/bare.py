"""A bare snake_case contract beside it, over the same services."""

from typing import Any

from rest_framework import fields

from core.sessions import SessionPolicy
from core.surface.contract import Contract, Route
from core.surface.failure import Failure
from core.surface.serializers import Integer, Serializer, Text
from core.tests.throwaway import views


class CounterIn(Serializer):
    counter_name = Text(max_length=20)
    first_count = Integer(min_value=0, default=0)


class CounterOut(Serializer):
    counter_name = fields.CharField(source="key")
    current_count = fields.IntegerField(source="count")


class CounterList(views.CounterList):
    takes, shows = CounterIn, CounterOut


class CounterDetail(views.CounterDetail):
    shows = CounterOut


def spell_failure(failure: Failure) -> dict[str, Any]:
    return {"error": failure.message, "code": failure.code, "details": failure.fields}


BARE = Contract(
    name="bare",
    title="Bare",
    description="For tests.",
    prefix="/",
    session=SessionPolicy(surface="bare"),
    spell_failure=spell_failure,
    failure_schema={"type": "object"},
    routes=(
        Route("counters/", CounterList),
        Route("counters/<str:counter_name>/", CounterDetail),
        Route("trouble/<str:name>/", views.Trouble),
    ),
)
