"""A throw-away contract that differs in all a contract may: envelope, casing, the shape of errors, its URL space."""

from typing import Any

from rest_framework import fields

from core.errors import NotFound
from core.sessions import SessionPolicy
from core.surface.contract import Contract, Json, Route
from core.surface.failure import Failure
from core.surface.schema import operation
from core.surface.serializers import Boolean, CamelSerializer, Choice, Email, Integer, ListQuery, Number, Text, Uuid
from core.tests.throwaway import counters, views


class LabelIn(CamelSerializer):
    short_text = Text(max_length=10)


class CounterIn(CamelSerializer):
    counter_name = Text(max_length=20)
    first_count = Integer(min_value=0, default=0)
    step_size = Number(required=False)
    is_public = Boolean(required=False)
    contact_email = Email(required=False)
    group_id = Uuid(required=False)
    kind = Choice(choices=("up", "down"), required=False)
    main_label = LabelIn(required=False)
    other_labels = LabelIn(many=True, required=False)
    free_form = fields.DictField(child=Text(max_length=5), required=False)


class CounterOut(CamelSerializer):
    counter_name = fields.CharField(source="key")
    current_count = fields.IntegerField(source="count")
    started_at = fields.DateTimeField()
    is_new = fields.SerializerMethodField()

    def get_is_new(self, counter: Any) -> bool:
        return bool(counter.count == 0)


class CountOut(CamelSerializer):
    count = fields.IntegerField()


class CounterList(views.CounterList):
    takes, shows = CounterIn, CounterOut

    @operation(summary="List counters", query=[ListQuery], answer=CounterOut(many=True))
    def get(self, request: Any) -> Any:
        return super().get(request)

    @operation(
        summary="Open a counter",
        body=CounterIn,
        answer=CounterOut,
        status=201,
        errors=[counters.CounterTaken],
        example={"counterName": "visits"},
        answer_example={"counterName": "visits", "currentCount": 0, "startedAt": "2026-01-01T00:00:00Z", "isNew": True},
    )
    def post(self, request: Any) -> Any:
        return super().post(request)


class CounterDetail(views.CounterDetail):
    shows = CounterOut
    group = "Counting"

    @operation(summary="Show a counter", answer=CounterOut, errors=[NotFound])
    def get(self, request: Any, counter_name: str) -> Any:
        return super().get(request, counter_name)

    @operation(summary="Count up", answer=CountOut, errors=[NotFound])
    def post(self, request: Any, counter_name: str) -> Any:
        return super().post(request, counter_name)

    @operation(summary="Delete a counter", status=204)
    def delete(self, request: Any, counter_name: str) -> Any:
        return super().delete(request, counter_name)


def envelope(data: Json) -> Json:
    return {"ok": True, "data": data}


def envelope_schema(schema: Any) -> Any:
    return {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}, "data": schema},
        "required": ["ok", "data"],
    }


def spell_failure(failure: Failure) -> dict[str, Any]:
    problem = {"name": failure.code, "text": failure.message, **failure.details}
    return {"ok": False, "problem": problem, "fields": {name: texts[0] for name, texts in failure.fields.items()}}


CAMEL = Contract(
    name="camel",
    title="Camel",
    description="For tests.",
    prefix="/throwaway/",
    session=SessionPolicy(surface="camel"),
    spell_failure=spell_failure,
    failure_schema={
        "type": "object",
        "properties": {"ok": {"type": "boolean"}, "problem": {"type": "object"}, "fields": {"type": "object"}},
        "required": ["ok", "problem", "fields"],
    },
    envelope=envelope,
    envelope_schema=envelope_schema,
    casing=CamelSerializer.casing,
    routes=(
        Route("throwaway/counters/", CounterList),
        Route("throwaway/counters/<str:counter_name>/", CounterDetail),
        Route("throwaway/counters/<str:counter_name>/<str:how>/", views.Tries),
        Route("throwaway/trouble/<str:name>/", views.Trouble),
        Route("throwaway/echo/", views.Echo),
        Route("throwaway/form/", views.Form),
    ),
)
