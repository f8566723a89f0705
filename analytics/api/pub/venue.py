"""Pub Network: a venue's dashboard."""

from rest_framework.fields import CharField, DateField, DateTimeField, IntegerField, UUIDField
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import OWNER
from analytics.qr_analytics import qr_analytics
from analytics.venue_overview import venue_overview
from core.errors import NotFound
from core.surface.schema import operation
from core.surface.serializers import Serializer
from core.surface.views import SurfaceView

OVERVIEW_EXAMPLE = {
    "venue": {"id": 3, "name": "The Anchor", "status": "active", "time_zone": "Europe/London"},
    "customers_now": 4,
    "customers_total": 40,
    "active_offers": 2,
    "offers_total": 14,
    "redemptions_today": 3,
    "redemptions_total": 130,
    "scans_today": 9,
    "messages_today": 5,
    "recent_redemptions": [
        {
            "id": "5b0c1f5e-53c5-4d0e-8e5e-0d1f3a9f0c11",
            "code": "7KQ2M9XD4R",
            "offer": "0ffe0000-0000-4000-8000-000000030001",
            "offer_title": "First drink on us",
            "customer": "c1",
            "redeemed_at": "2026-01-05T19:30:00Z",
        }
    ],
    "recent_customers": [{"id": 1, "username": "c1", "certainty": "qr", "arrived_at": "2026-01-05T19:00:00Z"}],
    "top_offers": [{"id": "0ffe0000-0000-4000-8000-000000030001", "title": "First drink on us", "redemptions": 12}],
}
QR_ANALYTICS_EXAMPLE = {
    "total_scans": 1630,
    "unique_visitors": 40,
    "returning_visitors": 39,
    "last_scanned_at": "2026-01-05T19:00:00Z",
    "scans_by_day": [{"date": "2026-01-05", "scans": 9, "visitors": 7}],
    "scans_by_hour": [{"hour": 19, "scans": 210}],
    "var_ids": [{"var_id": "v1", "valid_from": "2026-01-01T12:00:00Z", "valid_until": None, "scans": 12}],
}


class OverviewVenueOut(Serializer):
    id = IntegerField()
    name = CharField()
    status = CharField()
    time_zone = CharField()


class RecentRedemptionOut(Serializer):
    id = UUIDField()
    code = CharField()
    offer = UUIDField(source="offer_id")
    offer_title = CharField(source="offer.title")
    customer = CharField(source="customer.username")
    redeemed_at = DateTimeField()


class RecentCustomerOut(Serializer):
    id = IntegerField(source="user_id")
    username = CharField(source="user.username")
    certainty = CharField()
    arrived_at = DateTimeField(source="started_at")


class TopOfferOut(Serializer):
    id = UUIDField()
    title = CharField()
    redemptions = IntegerField(source="redeemed_count")


class VenueOverviewOut(Serializer):
    venue = OverviewVenueOut()
    customers_now = IntegerField()
    customers_total = IntegerField()
    active_offers = IntegerField()
    offers_total = IntegerField()
    redemptions_today = IntegerField()
    redemptions_total = IntegerField()
    scans_today = IntegerField()
    messages_today = IntegerField()
    recent_redemptions = RecentRedemptionOut(many=True)
    recent_customers = RecentCustomerOut(many=True)
    top_offers = TopOfferOut(many=True)


class DayOfScansOut(Serializer):
    date = DateField()
    scans = IntegerField()
    visitors = IntegerField()


class HourOfScansOut(Serializer):
    hour = IntegerField()
    scans = IntegerField()


class ScannedVarIdOut(Serializer):
    var_id = CharField(source="value")
    valid_from = DateTimeField()
    valid_until = DateTimeField(allow_null=True)
    scans = IntegerField(source="scan_count")


class QrAnalyticsOut(Serializer):
    total_scans = IntegerField()
    unique_visitors = IntegerField()
    returning_visitors = IntegerField()
    last_scanned_at = DateTimeField(allow_null=True)
    scans_by_day = DayOfScansOut(many=True)
    scans_by_hour = HourOfScansOut(many=True)
    var_ids = ScannedVarIdOut(many=True)


class VenueOverviewView(SurfaceView):
    access = {"GET": OWNER}

    @operation(
        summary="A venue's dashboard",
        answer=VenueOverviewOut,
        errors=[NotFound],
        answer_example=OVERVIEW_EXAMPLE,
    )
    def get(self, request: Request, venue_id: int) -> Response:
        return self.answer(VenueOverviewOut, venue_overview(self.caller, venue_id))


class VenueQrAnalytics(SurfaceView):
    access = {"GET": OWNER}

    @operation(
        summary="How a venue's QR codes are scanned",
        answer=QrAnalyticsOut,
        errors=[NotFound],
        answer_example=QR_ANALYTICS_EXAMPLE,
    )
    def get(self, request: Request, venue_id: int) -> Response:
        return self.answer(QrAnalyticsOut, qr_analytics(self.caller, venue_id))
