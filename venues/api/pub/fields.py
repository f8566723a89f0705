"""What a venue looks like to Pub clients."""

import re
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import fields, serializers

from core.surface.serializers import Choice, Email, Id, Integer, Number, Serializer, Text
from venues.models import OpeningHours, Venue, validate_time_zone
from venues.opening_hours import is_open_at

DAYS = {day.name.lower(): day for day in OpeningHours.Day}
MAXIMUM_SPANS = 50
CLOCK_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"


@extend_schema_field({"type": "string", "pattern": rf"^{CLOCK_TIME}$", "examples": ["17:00"]})
class ClockTime(fields.TimeField):
    """`"17:00"`, by the clock on the venue's wall; seconds may be given."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M", "%H:%M:%S"], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or re.fullmatch(CLOCK_TIME, data) is None:
            self.fail("invalid", format="hh:mm")
        return super().to_internal_value(data)


class DayField(Choice):
    """`"monday"` for 0."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=list(DAYS), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        return DAYS[super().to_internal_value(data)].value

    def to_representation(self, value: Any) -> str:
        return OpeningHours.Day(value).name.lower()


class Kilometres(fields.FloatField):
    """To the metre."""

    def to_representation(self, value: Any) -> Any:
        return round(float(value), 3)


class Whole(Serializer):
    """Given whole even where the rest of the body need not be."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = {
            name: [field.error_messages["required"]]
            for name, field in self.fields.items()
            if field.required and field.source not in attrs
        }
        if missing:
            raise serializers.ValidationError(missing)
        return attrs


class QrSettings(Whole):
    qr_gen_frequency_hours = Integer(min_value=1, max_value=24 * 365, help_text="How long a var_id lasts.")


class OpeningSpan(Whole):
    day = DayField()
    opens = ClockTime()
    closes = ClockTime(help_text="At or before `opens`: on the next day.")


class VenueIn(Serializer):
    """What is not given stays as it is, with PUT too."""

    name = Text(max_length=120)
    qr_settings = QrSettings(source="*")
    kind = Choice(choices=Venue.Kind.choices, required=False)
    status = Choice(choices=Venue.Status.choices, required=False)
    owner = Id(source="owner_id", allow_null=True, required=False, help_text="A superuser may name one.")
    address = Text(allow_blank=True, required=False)
    latitude = Number(min_value=-90, max_value=90, allow_null=True, required=False)
    longitude = Number(min_value=-180, max_value=180, allow_null=True, required=False)
    time_zone = Text(max_length=64, validators=[validate_time_zone], required=False)
    contact_name = Text(max_length=120, allow_blank=True, required=False)
    contact_email = Email(allow_blank=True, required=False)
    contact_phone = Text(max_length=20, allow_blank=True, required=False)
    opening_hours: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=OpeningSpan(), max_length=MAXIMUM_SPANS, required=False
    )
    check_in_hours = Integer(min_value=1, max_value=48, required=False)
    radius_meters = Integer(min_value=1, max_value=100_000, required=False)


class VenueOut(Serializer):
    id = Id()
    name = Text()
    kind = Choice(choices=Venue.Kind.choices)
    status = Choice(choices=Venue.Status.choices)
    owner = Id(source="owner_id", allow_null=True)
    address = Text()
    latitude = Number(allow_null=True)
    longitude = Number(allow_null=True)
    distance_km = Kilometres(required=False, help_text="With `near` only.")
    time_zone = Text()
    contact_name = Text()
    contact_email = Text()
    contact_phone = Text()
    opening_hours = OpeningSpan(many=True)
    is_open = fields.SerializerMethodField(help_text="Now; null if no opening hours are known.")
    qr_settings = QrSettings(source="*")
    check_in_hours = Integer()
    radius_meters = Integer()
    created_at = fields.DateTimeField()
    updated_at = fields.DateTimeField()

    @extend_schema_field({"type": ["boolean", "null"]})
    def get_is_open(self, venue: Venue) -> bool | None:
        return is_open_at(venue, timezone.now())
