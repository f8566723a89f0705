from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import OWNER
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.views import SurfaceView
from venues.api.pub.fields import VenueIn, VenueOut
from venues.api.pub.queries import VenuesQuery, search_of
from venues.errors import OpeningHoursRepeated, OwnerNotYours, OwnerUnknown, PlaceIncomplete, StatusHeld
from venues.selectors import find_venues, get_managed_venue, get_visible_venue
from venues.services.venues import VenueFields, close_venue, create_venue, update_venue

MINIMUM = {"name": "Venue xyc", "qr_settings": {"qr_gen_frequency_hours": 24}}
VENUE = {
    "id": 3,
    "name": "The Anchor",
    "kind": "pub",
    "status": "active",
    "owner": 7,
    "address": "34 Park Street, London",
    "latitude": 51.5074,
    "longitude": -0.0938,
    "time_zone": "Europe/London",
    "contact_name": "Olive Hart",
    "contact_email": "owner1@example.com",
    "contact_phone": "",
    "opening_hours": [{"day": "friday", "opens": "17:00", "closes": "02:00"}],
    "is_open": True,
    "qr_settings": {"qr_gen_frequency_hours": 24},
    "check_in_hours": 6,
    "radius_meters": 150,
    "created_at": "2026-01-05T12:00:00Z",
    "updated_at": "2026-01-05T12:00:00Z",
}
REFUSALS = (OwnerUnknown, OwnerNotYours, PlaceIncomplete, OpeningHoursRepeated)


class VenueList(SurfaceView):
    access = {"GET": SIGNED_IN, "POST": OWNER}

    @operation(summary="Find venues", answer=VenueOut(many=True), query=[VenuesQuery], answer_example=[VENUE])
    def get(self, request: Request) -> Response:
        """Closed venues are shown to their owner and to superusers only."""
        search = search_of(self.query(VenuesQuery))
        order_by = ("distance_km", "id") if search.near else ("id",)
        return self.answer_page(find_venues(self.caller, search), VenueOut, order_by=order_by)

    @operation(
        summary="Create a venue",
        body=VenueIn,
        answer=VenueOut,
        status=201,
        errors=REFUSALS,
        example=MINIMUM,
        answer_example=VENUE,
    )
    def post(self, request: Request) -> Response:
        """It belongs to the venue owner who makes it; a superuser's to the `owner` given, or to nobody yet."""
        venue = create_venue(by=self.caller, fields=cast(VenueFields, self.body(VenueIn)))
        return self.answer(VenueOut, venue, status=201)


class VenueDetail(SurfaceView):
    access = {"GET": SIGNED_IN, "PUT": OWNER, "PATCH": OWNER, "DELETE": OWNER}

    @operation(summary="Show a venue", answer=VenueOut, answer_example=VENUE)
    def get(self, request: Request, venue_id: int) -> Response:
        return self.answer(VenueOut, get_visible_venue(self.caller, venue_id))

    @operation(
        summary="Change a venue, giving at least what makes one",
        body=VenueIn,
        answer=VenueOut,
        errors=(*REFUSALS, StatusHeld),
        example=MINIMUM,
        answer_example=VENUE,
    )
    def put(self, request: Request, venue_id: int) -> Response:
        return self._update(venue_id)

    @operation(
        summary="Change some of a venue",
        body=VenueIn(partial=True),
        answer=VenueOut,
        errors=(*REFUSALS, StatusHeld),
        example={"address": "34 Park Street, London", "opening_hours": VENUE["opening_hours"]},
        answer_example=VENUE,
    )
    def patch(self, request: Request, venue_id: int) -> Response:
        return self._update(venue_id, partial=True)

    @operation(
        summary="Close a venue",
        description="Its status becomes `closed`, its subscription is cancelled, and its history stays. One that opens "
        "again is subscribed anew. Closing a closed one changes nothing.",
        status=204,
        errors=[StatusHeld],
    )
    def delete(self, request: Request, venue_id: int) -> Response:
        close_venue(venue=get_managed_venue(self.caller, venue_id), by=self.caller)
        return Response(status=204)

    def _update(self, venue_id: int, **options: Any) -> Response:
        venue = get_managed_venue(self.caller, venue_id)
        fields = cast(VenueFields, self.body(VenueIn, **options))
        return self.answer(VenueOut, update_venue(venue=venue, by=self.caller, fields=fields))
