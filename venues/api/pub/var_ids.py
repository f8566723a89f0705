from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import OWNER
from core.surface.schema import operation
from core.surface.serializers import Serializer, Text
from core.surface.views import SurfaceView
from venues.errors import VenueNotServing
from venues.models import VarId
from venues.qr_codes import qr_svg, qr_url
from venues.selectors import get_managed_venue
from venues.services.var_ids import generate_var_id


class VarIdOut(Serializer):
    var_id = Text(source="value")
    valid_from = fields.DateTimeField()
    valid_until = fields.DateTimeField(allow_null=True)
    url = fields.SerializerMethodField(help_text="What the QR code says.")
    qr_svg = fields.SerializerMethodField(help_text="The QR code, an SVG element.")

    def get_url(self, var_id: VarId) -> str:
        return qr_url(var_id.value)

    def get_qr_svg(self, var_id: VarId) -> str:
        return qr_svg(var_id.value)


class GenerateVarId(SurfaceView):
    access = {"POST": OWNER}

    @operation(
        summary="Generate a new QR var_id",
        answer=VarIdOut,
        errors=[VenueNotServing],
        answer_example={
            "var_id": "pV0aEoBzXl8i",
            "valid_from": "2026-01-05T12:00:00Z",
            "valid_until": "2026-01-06T12:00:00Z",
            "url": "http://127.0.0.1:8000/v/pV0aEoBzXl8i",
            "qr_svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 37 37">…</svg>',
        },
    )
    def post(self, request: Request, venue_id: int) -> Response:
        """The one before it still serves for ten minutes. What an admin named is not touched."""
        venue = get_managed_venue(self.caller, venue_id)
        return self.answer(VarIdOut, generate_var_id(venue=venue, by=self.caller))
