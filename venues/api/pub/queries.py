"""What a list of venues may be asked for in the query string."""

from typing import Any

from rest_framework import fields
from rest_framework.exceptions import ValidationError

from core.surface.serializers import Choice, ListQuery
from venues.geography import FARTHEST_KM, Place
from venues.models import Venue
from venues.selectors import VenueSearch

NOT_A_PLACE = "Give a latitude and a longitude in degrees, such as 51.5074,-0.1278."


class VenuesQuery(ListQuery):
    near = fields.CharField(
        required=False,
        max_length=100,
        help_text="`latitude,longitude`: the nearest first, each with `distance_km`; only venues whose place is known.",
    )
    radius_km = fields.FloatField(
        required=False, min_value=0.001, max_value=FARTHEST_KM, help_text="With `near`: no farther than this."
    )
    kind = Choice(choices=Venue.Kind.choices, default="")
    status = Choice(choices=Venue.Status.choices, default="")
    q = fields.CharField(default="", max_length=100, allow_blank=True, help_text="In the name or the address.")
    mine = fields.BooleanField(default=False, help_text="Only those I own.")

    def validate_near(self, value: str) -> Place:
        try:
            latitude, longitude = (float(part) for part in value.split(","))
        except ValueError:
            raise ValidationError(NOT_A_PLACE) from None
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValidationError(NOT_A_PLACE)
        return Place(latitude, longitude)


def search_of(asked: dict[str, Any]) -> VenueSearch:
    return VenueSearch(
        kind=asked["kind"],
        status=asked["status"],
        text=asked["q"],
        only_own=asked["mine"],
        near=asked.get("near"),
        radius_km=asked.get("radius_km"),
    )
