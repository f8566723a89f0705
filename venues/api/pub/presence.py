from typing import Any

from rest_framework import fields
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CUSTOMER
from core.surface.schema import operation
from core.surface.serializers import Choice, Id, MessageOut, Number, Serializer, Text
from core.surface.views import SurfaceView
from venues.errors import VarIdNotCurrent
from venues.geography import Place
from venues.models import Certainty
from venues.services.presence import check_in_by_scan, check_out


class CheckInIn(Serializer):
    var_id = Text(max_length=64)
    latitude = Number(min_value=-90, max_value=90, allow_null=True, default=None)
    longitude = Number(min_value=-180, max_value=180, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        latitude, longitude = attrs["latitude"], attrs["longitude"]
        for name, given, other in (("latitude", latitude, longitude), ("longitude", longitude, latitude)):
            if given is None and other is not None:
                raise ValidationError({name: ["A place has both a latitude and a longitude."]})
        place = None if latitude is None else Place(latitude, longitude)
        return {"var_id": attrs["var_id"], "place": place}


class VenueBrief(Serializer):
    id = Id()
    name = Text()


class PresenceOut(Serializer):
    venue = VenueBrief()
    certainty = Choice(choices=Certainty.choices)
    since = fields.DateTimeField()
    until = fields.DateTimeField()


class CheckIn(SurfaceView):
    access = {"POST": CUSTOMER}

    @operation(
        summary="Check in with a scanned var_id",
        body=CheckInIn,
        answer=PresenceOut,
        errors=[VarIdNotCurrent],
        example={"var_id": "v1", "latitude": 51.5074, "longitude": -0.0938},
        answer_example={
            "venue": {"id": 3, "name": "The Anchor"},
            "certainty": "qr_geo",
            "since": "2026-01-05T19:00:00Z",
            "until": "2026-01-06T01:00:00Z",
        },
    )
    def post(self, request: Request) -> Response:
        """The scan is recorded. Where the phone says it is, is only compared with the venue's place, and not kept."""
        return self.answer(PresenceOut, check_in_by_scan(user=self.caller, **self.body(CheckInIn)))


class CheckOut(SurfaceView):
    access = {"POST": CUSTOMER}

    @operation(summary="Check out", answer=MessageOut, answer_example={"message": "Checked out."})
    def post(self, request: Request) -> Response:
        """Being nowhere already is no error."""
        check_out(user=self.caller)
        return Response({"message": "Checked out."})
