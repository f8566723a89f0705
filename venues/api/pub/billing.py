"""What venues are billed for: their subscriptions and payments, for the platform's owner."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import SUPERUSER
from billing import errors
from billing.api.pub import CouponCode
from billing.models import Payment, Subscription
from billing.selectors import find_refunds
from billing.services.payments import record_payment, refund_payment
from billing.services.subscriptions import LONGEST_TRIAL_DAYS, TRIAL_DAYS, cancel_subscription
from core.surface.schema import operation
from core.surface.serializers import Choice, DatedListQuery, Id, Integer, ListQuery, Money, Serializer, Text
from core.surface.views import SurfaceView
from venues.api.pub.presence import VenueBrief
from venues.errors import VenueUnknown
from venues.platform import (
    LIVE,
    PaymentSearch,
    find_payments,
    find_subscriptions,
    get_payment_shown,
    get_subscription_shown,
)
from venues.services.subscriptions import subscribe_venue

SUBSCRIPTION_EXAMPLE = {
    "id": 3,
    "venue": {"id": 3, "name": "The Anchor"},
    "plan": {"id": 2, "name": "Premium"},
    "status": "active",
    "starts_at": "2025-07-05T12:00:00Z",
    "current_period_ends_at": "2026-02-05T12:00:00Z",
    "cancelled_at": None,
}
PAYMENT_EXAMPLE = {
    "id": 1,
    "subscription": 3,
    "venue": {"id": 3, "name": "The Anchor"},
    "plan": {"id": 2, "name": "Premium"},
    "amount": "53.10",
    "currency": "GBP",
    "discount": "5.90",
    "coupon": "WELCOME10",
    "refunded": "0.00",
    "paid_at": "2026-01-05T12:00:00Z",
}
REFUND_EXAMPLE = {
    "id": 1,
    "payment": 1,
    "amount": "10.00",
    "currency": "GBP",
    "reason": "A week without the screen.",
    "refunded_at": "2026-01-07T12:00:00Z",
}
COUPON_REFUSALS = (
    errors.CouponUnknown,
    errors.CouponNotStarted,
    errors.CouponExpired,
    errors.CouponOfAnotherCurrency,
    errors.CouponWorthless,
    errors.CouponUsedUp,
    errors.CouponUsedBefore,
)


class PlanBrief(Serializer):
    id = Id()
    name = Text()


class SubscriptionsQuery(ListQuery):
    status = Choice(
        choices=[*Subscription.Status.values, LIVE],
        default="",
        help_text="`live` are all but cancelled ones: those the dashboard counts as active.",
    )
    venue = fields.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    plan = fields.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class SubscriptionIn(Serializer):
    venue = Id(source="venue_id")
    plan = Id(source="plan_id")
    trial_days = Integer(min_value=1, max_value=LONGEST_TRIAL_DAYS, default=TRIAL_DAYS)
    coupon = CouponCode(required=False, help_text="One that covers the whole price: the first period is then free.")


class SubscriptionOut(Serializer):
    id = Id()
    venue = fields.SerializerMethodField()
    plan = PlanBrief()
    status = Choice(choices=Subscription.Status.choices)
    starts_at = fields.DateTimeField()
    current_period_ends_at = fields.DateTimeField()
    cancelled_at = fields.DateTimeField(allow_null=True)

    @extend_schema_field(VenueBrief(allow_null=True))
    def get_venue(self, subscription: Subscription) -> dict[str, Any] | None:
        return _venue_of(subscription)


def _venue_of(subscription: Subscription) -> dict[str, Any] | None:
    """Who is billed need not be a venue."""
    venue = getattr(subscription.subscriber, "venue", None)
    return {"id": venue.pk, "name": venue.name} if venue else None


class SubscriptionList(SurfaceView):
    access = {"GET": SUPERUSER, "POST": SUPERUSER}

    @operation(
        summary="List the venues' subscriptions",
        description="The latest first, cancelled ones too.",
        answer=SubscriptionOut(many=True),
        query=[SubscriptionsQuery],
        answer_example=[SUBSCRIPTION_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(SubscriptionsQuery)
        rows = find_subscriptions(status=asked["status"], venue_id=asked.get("venue"), plan_id=asked.get("plan"))
        return self.answer_page(rows, SubscriptionOut, order_by=("-id",))

    @operation(
        summary="Subscribe a venue to a plan",
        description="It begins as a trial; at once active where the plan costs nothing or the coupon covers its price.",
        body=SubscriptionIn,
        answer=SubscriptionOut,
        status=201,
        errors=[VenueUnknown, errors.PlanNotOffered, errors.AlreadySubscribed, errors.CouponPartial, *COUPON_REFUSALS],
        example={"venue": 2, "plan": 1, "trial_days": 14},
        answer_example={
            **SUBSCRIPTION_EXAMPLE,
            "id": 5,
            "venue": {"id": 2, "name": "Bar Zero"},
            "plan": {"id": 1, "name": "Basic"},
            "status": "trial",
        },
    )
    def post(self, request: Request) -> Response:
        started = subscribe_venue(**self.body(SubscriptionIn), by=self.caller)
        return self.answer(SubscriptionOut, get_subscription_shown(started.pk), status=201)


class CancelSubscription(SurfaceView):
    access = {"POST": SUPERUSER}

    @operation(
        summary="Cancel a subscription now",
        description="Cancelling a cancelled one changes nothing.",
        answer=SubscriptionOut,
        answer_example={**SUBSCRIPTION_EXAMPLE, "status": "cancelled", "cancelled_at": "2026-01-20T12:00:00Z"},
    )
    def post(self, request: Request, subscription_id: int) -> Response:
        cancel_subscription(subscription_id=subscription_id, by=self.caller)
        return self.answer(SubscriptionOut, get_subscription_shown(subscription_id))


class PaymentsQuery(DatedListQuery):
    venue = fields.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    plan = fields.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    subscription = fields.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class PaymentIn(Serializer):
    subscription = Id(source="subscription_id")
    amount = Money(
        required=False, help_text="The plan's price, unless given. With a coupon, no other than what it leaves."
    )
    coupon = CouponCode(required=False, help_text="One that covers the whole price pays for a period by itself.")
    paid_at = fields.DateTimeField(required=False, help_text="Now, unless given.")


class PaymentOut(Serializer):
    id = Id()
    subscription = Id(source="subscription_id")
    venue = fields.SerializerMethodField()
    plan = PlanBrief(help_text="At the time.")
    amount = Money(help_text="Nothing, where a coupon covered the price.")
    currency = Text(max_length=3)
    discount = Money(help_text="What a coupon took off the price.")
    coupon = Text(source="coupon_redemption.coupon.code", allow_null=True, default=None)
    refunded = Money(help_text="How much of it went back.")
    paid_at = fields.DateTimeField()

    @extend_schema_field(VenueBrief(allow_null=True))
    def get_venue(self, payment: Payment) -> dict[str, Any] | None:
        return _venue_of(payment.subscription)


class PaymentList(SurfaceView):
    access = {"GET": SUPERUSER, "POST": SUPERUSER}

    @operation(
        summary="List the payments",
        description="The latest first. A month's revenue is its payments less its refunds, in each currency.",
        answer=PaymentOut(many=True),
        query=[PaymentsQuery],
        answer_example=[PAYMENT_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(PaymentsQuery)
        search = PaymentSearch(
            venue_id=asked.get("venue"),
            plan_id=asked.get("plan"),
            subscription_id=asked.get("subscription"),
            first_day=asked.get("first_day"),
            last_day=asked.get("last_day"),
        )
        return self.answer_page(find_payments(search), PaymentOut, order_by=("-paid_at", "-id"))

    @operation(
        summary="Record a payment",
        description="It pays for the subscription's next period, which begins when the last one ends, and makes it "
        "active. With a coupon the amount is what that leaves of the price. One that leaves nothing pays for the "
        "period by itself: the payment is of 0.00, and no revenue.",
        body=PaymentIn,
        answer=PaymentOut,
        status=201,
        errors=[
            errors.SubscriptionUnknown,
            errors.SubscriptionCancelled,
            errors.PaidOutOfTime,
            errors.AmountRefused,
            errors.NothingToPay,
            *COUPON_REFUSALS,
        ],
        example={"subscription": 3, "coupon": "WELCOME10"},
        answer_example=PAYMENT_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        payment = record_payment(**self.body(PaymentIn), by=self.caller)
        return self.answer(PaymentOut, get_payment_shown(payment.pk), status=201)


class RefundIn(Serializer):
    amount = Money(required=False, help_text="All that is left of the payment, unless given.")
    reason = Text(allow_blank=True, required=False)


class RefundOut(Serializer):
    id = Id()
    payment = Id(source="payment_id")
    amount = Money()
    currency = Text(source="payment.currency", max_length=3)
    reason = Text(allow_blank=True)
    refunded_at = fields.DateTimeField()


class RefundsQuery(DatedListQuery):
    payment = fields.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class RefundList(SurfaceView):
    access = {"GET": SUPERUSER}

    @operation(
        summary="List the refunds",
        description="The latest first, by when the money went back, whenever it was paid.",
        answer=RefundOut(many=True),
        query=[RefundsQuery],
        answer_example=[REFUND_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(RefundsQuery)
        rows = find_refunds(
            payment_id=asked.get("payment"), first_day=asked.get("first_day"), last_day=asked.get("last_day")
        )
        return self.answer_page(rows, RefundOut, order_by=("-refunded_at", "-id"))


class RefundPayment(SurfaceView):
    access = {"POST": SUPERUSER}

    @operation(
        summary="Refund a payment, or some of it",
        description="Never more goes back than came in, however many ask at once.",
        body=RefundIn,
        answer=RefundOut,
        status=201,
        errors=[errors.AmountRefused, errors.FullyRefunded],
        example={"amount": "10.00", "reason": "A week without the screen."},
        answer_example=REFUND_EXAMPLE,
    )
    def post(self, request: Request, payment_id: int) -> Response:
        refund = refund_payment(payment_id=payment_id, **self.body(RefundIn), by=self.caller)
        return self.answer(RefundOut, refund, status=201)
