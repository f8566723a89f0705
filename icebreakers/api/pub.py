"""Pub Network: ice breakers."""

from typing import Any

from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from core.surface.access import ANYONE
from core.surface.schema import operation
from core.surface.serializers import Choice, Id, Integer, ListQuery, Serializer, Text
from core.surface.views import SurfaceView
from icebreakers import selectors
from icebreakers.errors import NoIceBreaker
from icebreakers.models import IceBreaker

EXAMPLE = {"id": 1, "text": "What was the best part of your week?", "level": 1, "gender": "any"}


class IceBreakerQuery(Serializer):
    level = fields.IntegerField(
        min_value=1, max_value=5, required=False, help_text="From 1, light, to 5, bold; all unless given."
    )
    gender = Choice(choices=IceBreaker.Gender.choices, required=False, help_text="Those for `any` gender always match.")


class IceBreakerOut(Serializer):
    id = Id()
    text = Text(max_length=500)
    level = Integer(min_value=1, max_value=5)
    gender = Choice(choices=IceBreaker.Gender.choices)


class IceBreakerList(SurfaceView):
    access = {"GET": ANYONE}

    @operation(
        summary="Ice breakers of a level and for a gender",
        query=[IceBreakerQuery, ListQuery],
        answer=IceBreakerOut(many=True),
        answer_example=[EXAMPLE],
    )
    def get(self, request: Request, **path: Any) -> Response:
        rows = selectors.ice_breakers(**self.query(IceBreakerQuery))
        return self.answer_page(rows, IceBreakerOut, order_by=("id",))


class RandomIceBreaker(SurfaceView):
    access = {"GET": ANYONE}

    @operation(
        summary="One ice breaker, at random",
        query=[IceBreakerQuery],
        answer=IceBreakerOut,
        errors=[NoIceBreaker],
        answer_example=EXAMPLE,
    )
    def get(self, request: Request, **path: Any) -> Response:
        return self.answer(IceBreakerOut, selectors.get_random_ice_breaker(**self.query(IceBreakerQuery)))
