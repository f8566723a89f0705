"""Oneself, as Pulseboard shows and changes people."""

from typing import Any, TypedDict

from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import Username
from accounts.errors import NameTaken
from accounts.selectors import get_active_user
from accounts.services import registration
from accounts.services.registration import AccountChanges
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import Serializer, Text
from core.surface.views import SurfaceView

ME_EXAMPLE = {
    "id": 1,
    "uuid": "6f1c8a52-3b0e-4b5e-9d53-1f0f5f0f7a11",
    "username": "c1",
    "email": "c1@example.com",
    "full_name": "Chloe Ward",
    "user_type": "customer",
    "date_joined": "2026-01-05T12:00:00Z",
}


class FullName(Text):
    """A first and a last name, parted at the first space: of either no more is stored than of both is taken."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=150, **kwargs)


class Names(TypedDict):
    first_name: str
    last_name: str


def named(full_name: str) -> Names:
    first_name, _, last_name = full_name.partition(" ")
    return {"first_name": first_name, "last_name": last_name.strip()}


class MeOut(Serializer):
    id = fields.IntegerField()
    uuid = fields.UUIDField()
    username = Text(max_length=150)
    email = fields.EmailField()
    full_name = Text(source="get_full_name", max_length=301, allow_blank=True)
    user_type = fields.CharField(source="user_type_id")
    date_joined = fields.DateTimeField()


class MeAnswer(Serializer):
    data = MeOut()  # type: ignore[assignment]


class MeIn(Serializer):
    username = Username(required=False)
    full_name = FullName(required=False)


class Me(SurfaceView):
    access = {"GET": SIGNED_IN, "PATCH": SIGNED_IN}

    @operation(summary="Oneself", answer=MeAnswer, answer_example={"data": ME_EXAMPLE})
    def get(self, request: Request) -> Response:
        return self.answer(MeAnswer, {"data": self.caller})

    @operation(
        summary="Change one's names",
        body=MeIn,
        answer=MeAnswer,
        errors=[NameTaken],
        example={"full_name": "Chloe Ward"},
        answer_example={"data": ME_EXAMPLE},
    )
    def patch(self, request: Request) -> Response:
        body = self.body(MeIn)
        changes: AccountChanges = {"username": body["username"]} if "username" in body else {}
        if "full_name" in body:
            changes = {**changes, **named(body["full_name"])}
        registration.update_account(account=self.caller, changes=changes, profile_changes={})
        return self.answer(MeAnswer, {"data": get_active_user(self.caller.pk)})
