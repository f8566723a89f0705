"""Pub Network: how the platform does, for whoever runs it."""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework import fields, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import SUPERUSER
from activity.api.pub import ActivityOut
from analytics.csv_report import export_report
from analytics.platform import Moment, dashboard, overview, platform_months
from analytics.report import Kind, plans_report, platform_report, venues_report, venues_reported
from billing.selectors import plans
from core.surface.schema import operation
from core.surface.serializers import Choice, ListQuery, Serializer, Text
from core.surface.views import SurfaceView

CSV = "csv"
MONTH_EXAMPLE = {
    "month": "2026-01",
    "customers": 14,
    "venues": 1,
    "revenue": "240.00",
    "chats": 3,
    "messages": 210,
    "scans": 480,
    "redemptions": 52,
}
DASHBOARD_EXAMPLE = {
    "currency": "GBP",
    "total_venues": {"value": 12, "before": 10, "change": 2, "change_percent": "20.0"},
    "active_users": {"value": 180, "before": 200, "change": -20, "change_percent": "-10.0"},
    "monthly_revenue": {"value": "240.00", "before": "200.00", "change": "40.00", "change_percent": "20.0"},
    "active_subscriptions": {"value": 4, "before": 0, "change": 4, "change_percent": None},
}
OVERVIEW_EXAMPLE = {
    "recent_signups": [{"id": 5, "username": "c5", "name": "Casey", "joined_at": "2026-01-05T19:00:00Z"}],
    "subscription_distribution": [{"id": 1, "name": "Basic", "subscriptions": 3, "share_percent": "75.0"}],
    "recent_coupons": [
        {
            "id": 1,
            "code": "WELCOME10",
            "percent": 10,
            "amount": None,
            "currency": "",
            "valid_until": "2026-06-30T23:59:59Z",
            "redemptions": 2,
        }
    ],
    "recent_activity": [
        {
            "id": 90,
            "at": "2026-01-05T19:00:00Z",
            "actor": "admin",
            "type": "venue_created",
            "summary": "Made the venue",
            "target": {"type": "venue", "id": "3"},
            "details": {},
        }
    ],
}
REPORT_EXAMPLE = [
    {
        "kind": "venue",
        "id": 3,
        "name": "The Anchor",
        "plan": "Premium",
        "months": [{**MONTH_EXAMPLE, "customers": None, "venues": None, "chats": None, "subscriptions": None}],
    }
]


class Amount(fields.DecimalField):
    """Money to be shown; less than nothing where more was given back than paid."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=20, decimal_places=2, **kwargs)


class Percent(fields.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=20, decimal_places=1, **kwargs)


class CurrencyQuery(serializers.Serializer[Any]):
    currency = fields.RegexField(
        r"^[A-Z]{3}\Z",
        required=False,
        max_length=3,
        help_text="What revenue is shown in, such as GBP: other currencies' payments are left out.",
    )

    def to_internal_value(self, data: Any) -> Any:
        return {"currency": settings.CURRENCY, **super().to_internal_value(data)}


class ReportQuery(CurrencyQuery, ListQuery):
    by = Choice(choices=Kind.choices, required=False, help_text="Of whom: venues unless given; in a file all of them.")
    format = Choice(
        choices=["json", CSV], default="json", help_text="`csv` is a file of everything, whatever `limit` says."
    )


class ComparedCountOut(Serializer):
    value = fields.IntegerField()
    before = fields.IntegerField(help_text="What it was a month before.")
    change = fields.IntegerField()
    change_percent = Percent(allow_null=True, help_text="Of what it was before; null where that was nothing.")


class ComparedAmountOut(Serializer):
    value = Amount()
    before = Amount(help_text="What it was a month before.")
    change = Amount()
    change_percent = Percent(allow_null=True, help_text="Of what it was before; null where that was nothing.")


class DashboardOut(Serializer):
    currency = Text(help_text="Of the revenue.")
    total_venues = ComparedCountOut(help_text="All that ever joined, those that have closed since included.")
    active_users = ComparedCountOut(
        help_text=(
            "People who came to a venue, said something or redeemed an offer in the 30 days up to the end of "
            "yesterday (UTC); before: in the 30 days before those."
        )
    )
    monthly_revenue = ComparedAmountOut(
        help_text="Payments less refunds of this month so far; before: of the month before, up to the same day."
    )
    active_subscriptions = ComparedCountOut(
        help_text=(
            "Those begun and not cancelled, on trial or past due included: as many as "
            "`GET /superuser/subscriptions/?status=live` lists."
        )
    )


class SignupOut(Serializer):
    id = fields.IntegerField()
    username = Text()
    name = Text(source="customer_profile.name", default="")
    joined_at = fields.DateTimeField(source="date_joined")


class PlanShareOut(Serializer):
    id = fields.IntegerField()
    name = Text()
    subscriptions = fields.IntegerField(help_text="Live ones.")
    share_percent = Percent()


class RecentCouponOut(Serializer):
    id = fields.IntegerField()
    code = Text()
    percent = fields.IntegerField(allow_null=True)
    amount = Amount(allow_null=True)
    currency = Text(help_text="Of the amount.")
    valid_until = fields.DateTimeField(allow_null=True)
    redemptions = fields.IntegerField(source="redeemed_count")


class OverviewOut(Serializer):
    recent_signups = SignupOut(many=True)
    subscription_distribution = PlanShareOut(many=True)
    recent_coupons = RecentCouponOut(many=True)
    recent_activity = ActivityOut(many=True)


class MonthOut(Serializer):
    month = Text(source="label", help_text="As `2026-01`.")
    customers = fields.IntegerField(help_text="Who signed up.")
    venues = fields.IntegerField(help_text="That joined.")
    revenue = Amount(help_text="Payments less refunds.")
    chats = fields.IntegerField(help_text="Private ones that were opened.")
    messages = fields.IntegerField()
    scans = fields.IntegerField()
    redemptions = fields.IntegerField()


class ReportMonthOut(Serializer):
    month = Text(source="label", help_text="As `2026-01`.")
    customers = fields.IntegerField(allow_null=True)
    venues = fields.IntegerField(allow_null=True)
    revenue = Amount()
    subscriptions = fields.IntegerField(allow_null=True, help_text="That were begun.")
    chats = fields.IntegerField(allow_null=True)
    messages = fields.IntegerField(allow_null=True, help_text="Of a venue: in its group.")
    scans = fields.IntegerField(allow_null=True)
    redemptions = fields.IntegerField(allow_null=True)


class ReportRowOut(Serializer):
    kind = Choice(choices=Kind.choices)
    id = fields.IntegerField()
    name = Text()
    plan = Text(allow_null=True, help_text="The one a venue has now.")
    months = ReportMonthOut(many=True, help_text="What is not known of this kind is null.")


class SuperuserView(SurfaceView):
    access = {"GET": SUPERUSER}

    def moment(self) -> Moment:
        return Moment(timezone.now(), self.query(CurrencyQuery)["currency"])


class SuperuserDashboard(SuperuserView):
    @operation(
        summary="How the platform stands against the month before",
        answer=DashboardOut,
        query=[CurrencyQuery],
        answer_example=DASHBOARD_EXAMPLE,
    )
    def get(self, request: Request) -> Response:
        return self.answer(DashboardOut, dashboard(self.moment()))


class SuperuserOverview(SuperuserView):
    @operation(summary="What happened lately", answer=OverviewOut, answer_example=OVERVIEW_EXAMPLE)
    def get(self, request: Request) -> Response:
        """The ten latest of each."""
        return self.answer(OverviewOut, overview())


class SuperuserAnalytics(SuperuserView):
    @operation(
        summary="The last twelve months",
        answer=MonthOut(many=True),
        query=[CurrencyQuery],
        answer_example=[MONTH_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        """Oldest first, months in which nothing happened included; the last is this one, so far. Days are UTC's."""
        return Response(MonthOut(platform_months(self.moment()), many=True).data)


class SuperuserReports(SuperuserView):
    @operation(
        summary="The last twelve months in detail",
        description="Of each venue, of each plan, or of the platform; as a list in pages, or all of it as a file. The "
        "activity log tells who was given the file.",
        answer=ReportRowOut(many=True),
        query=[ReportQuery],
        also={(200, "text/csv"): OpenApiTypes.STR},
        answer_example=REPORT_EXAMPLE,
    )
    def get(self, request: Request) -> HttpResponseBase:
        asked = self.query(ReportQuery)
        moment, by = Moment(timezone.now(), asked["currency"]), asked.get("by")
        if asked["format"] == CSV:
            lines = export_report([Kind(by)] if by else list(Kind), moment, by=self.caller)
            return _as_file(lines, moment)
        if by == Kind.PLATFORM:
            return Response(ReportRowOut([platform_report(moment)], many=True).data)
        rows: Any = plans() if by == Kind.PLAN else venues_reported()
        detail: Callable[..., Any] = plans_report if by == Kind.PLAN else venues_report
        return self.answer_page(rows, ReportRowOut, order_by=("id",), present=lambda page: detail(page, moment))


def _as_file(lines: Iterator[str], moment: Moment) -> StreamingHttpResponse:
    file = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    file["Content-Disposition"] = f'attachment; filename="report-{moment.today:%Y-%m-%d}.csv"'
    file["Cache-Control"] = "no-store"
    return file
