"""What the platform's owner sells: plans, and coupons on their price."""

from typing import Any, cast

from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import SUPERUSER
from billing import errors
from billing.models import Plan
from billing.selectors import coupons, get_plan, plans
from billing.services.coupons import CouponFields, create_coupon
from billing.services.plans import PlanFields, change_plan, create_plan
from core.surface.schema import operation
from core.surface.serializers import Boolean, Choice, Id, Integer, ListQuery, Money, Serializer, Text
from core.surface.views import SurfaceView

PLAN_EXAMPLE = {"name": "Gold", "price": "99.00", "currency": "GBP", "period": "month"}
PLAN_OUT_EXAMPLE = {
    "id": 1,
    "slug": "basic",
    "name": "Basic",
    "price": "29.00",
    "currency": "GBP",
    "period": "month",
    "active": True,
    "created_at": "2026-01-05T12:00:00Z",
}
COUPON_EXAMPLE = {
    "code": "SUMMER25",
    "percent": 25,
    "valid_until": "2099-09-30T22:00:00Z",
    "total_limit": 100,
}
COUPON_OUT_EXAMPLE = {
    "id": 4,
    "code": "SUMMER25",
    "percent": 25,
    "amount": None,
    "currency": "",
    "valid_from": "2026-01-05T12:00:00Z",
    "valid_until": "2099-09-30T22:00:00Z",
    "total_limit": 100,
    "per_venue_limit": 1,
    "redemptions": 0,
    "remaining": 100,
    "created_at": "2026-01-05T12:00:00Z",
}
PLAN_REFUSALS = (errors.PriceRefused, errors.PlanTaken)


class Word(fields.RegexField):
    """A JSON string of a pattern; DRF's own would take numbers too."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Currency(Word):
    """Three capital letters, as ISO 4217 has them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[A-Z]{3}\Z", max_length=3, trim_whitespace=False, **kwargs)


class CouponCode(Word):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[A-Za-z0-9_-]{1,40}\Z", max_length=40, trim_whitespace=False, **kwargs)


class PlanIn(Serializer):
    name = Text(max_length=60)
    price = Money()
    currency = Currency()
    period = Choice(choices=Plan.Period.choices)
    active = Boolean(source="is_active", required=False, help_text="Whether it can be subscribed to.")


class PlanOut(Serializer):
    id = Id()
    slug = Text()
    name = Text()
    price = Money()
    currency = Text(max_length=3)
    period = Choice(choices=Plan.Period.choices)
    active = Boolean(source="is_active")
    created_at = fields.DateTimeField()


class PlanList(SurfaceView):
    access = {"GET": SUPERUSER, "POST": SUPERUSER}

    @operation(
        summary="List the plans", answer=PlanOut(many=True), query=[ListQuery], answer_example=[PLAN_OUT_EXAMPLE]
    )
    def get(self, request: Request) -> Response:
        return self.answer_page(plans(), PlanOut, order_by=("id",))

    @operation(
        summary="Create a plan",
        body=PlanIn,
        answer=PlanOut,
        status=201,
        errors=PLAN_REFUSALS,
        example=PLAN_EXAMPLE,
        answer_example={**PLAN_OUT_EXAMPLE, **PLAN_EXAMPLE, "id": 3, "slug": "gold"},
    )
    def post(self, request: Request) -> Response:
        plan = create_plan(fields=cast(PlanFields, self.body(PlanIn)), by=self.caller)
        return self.answer(PlanOut, plan, status=201)


class PlanDetail(SurfaceView):
    access = {"GET": SUPERUSER, "PATCH": SUPERUSER}

    @operation(summary="Show a plan", answer=PlanOut, answer_example=PLAN_OUT_EXAMPLE)
    def get(self, request: Request, plan_id: int) -> Response:
        return self.answer(PlanOut, get_plan(plan_id))

    @operation(
        summary="Change some of a plan",
        description="A new price is for payments from now on. One that has subscriptions keeps its currency and "
        "period. One that is not active keeps its subscriptions and takes no new ones.",
        body=PlanIn(partial=True),
        answer=PlanOut,
        errors=(*PLAN_REFUSALS, errors.PlanInUse),
        example={"price": "29.00", "active": True},
        answer_example=PLAN_OUT_EXAMPLE,
    )
    def patch(self, request: Request, plan_id: int) -> Response:
        changes = cast(PlanFields, self.body(PlanIn, partial=True))
        return self.answer(PlanOut, change_plan(plan_id=plan_id, changes=changes, by=self.caller))


class CouponIn(Serializer):
    code = CouponCode(help_text="Compared without case.")
    percent = Integer(min_value=1, max_value=100, allow_null=True, required=False, help_text="This, or an amount.")
    amount = Money(allow_null=True, required=False)
    currency = Currency(required=False, help_text="Of the amount.")
    valid_from = fields.DateTimeField(required=False, help_text="Now, unless given.")
    valid_until = fields.DateTimeField(allow_null=True, required=False, help_text="null: until it is ended.")
    total_limit = Integer(min_value=1, allow_null=True, required=False, help_text="null: as often as it is asked for.")
    per_venue_limit = Integer(source="per_subscriber_limit", min_value=1, required=False, help_text="1, unless given.")


class CouponOut(Serializer):
    id = Id()
    code = Text(max_length=40)
    percent = Integer(allow_null=True)
    amount = Money(allow_null=True)
    currency = Text(max_length=3, allow_blank=True)
    valid_from = fields.DateTimeField()
    valid_until = fields.DateTimeField(allow_null=True)
    total_limit = Integer(allow_null=True)
    per_venue_limit = Integer(source="per_subscriber_limit")
    redemptions = Integer(source="redeemed_count")
    remaining = Integer(allow_null=True, help_text="How often it still serves; null without a limit.")
    created_at = fields.DateTimeField()


class CouponList(SurfaceView):
    access = {"GET": SUPERUSER, "POST": SUPERUSER}

    @operation(
        summary="List the coupons",
        description="The latest made first.",
        answer=CouponOut(many=True),
        query=[ListQuery],
        answer_example=[COUPON_OUT_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        return self.answer_page(coupons(), CouponOut, order_by=("-id",))

    @operation(
        summary="Create a coupon",
        body=CouponIn,
        answer=CouponOut,
        status=201,
        errors=[errors.CouponInvalid, errors.AmountRefused, errors.CouponTaken],
        example=COUPON_EXAMPLE,
        answer_example=COUPON_OUT_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        coupon = create_coupon(fields=cast(CouponFields, self.body(CouponIn)), by=self.caller)
        return self.answer(CouponOut, coupon, status=201)
