from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypedDict

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from billing import events
from billing.errors import (
    CouponExpired,
    CouponInvalid,
    CouponNotStarted,
    CouponOfAnotherCurrency,
    CouponTaken,
    CouponUnknown,
    CouponUsedBefore,
    CouponUsedUp,
    CouponWorthless,
)
from billing.models import Coupon, CouponRedemption, Payment, Plan, Subscription
from billing.money import check_amount, check_currency, discount_on
from billing.selectors import coupons_open, times_redeemed
from core.errors import NotFound
from core.events import announce


class CouponFields(TypedDict, total=False):
    """Either a percentage, or an amount with its currency."""

    code: str
    percent: int | None
    amount: Decimal | None
    currency: str
    valid_from: datetime
    valid_until: datetime | None
    total_limit: int | None
    per_subscriber_limit: int


@dataclass(frozen=True)
class Quote:
    """What a coupon takes off a price."""

    coupon: Coupon
    discount: Decimal


@transaction.atomic
def create_coupon(*, fields: CouponFields, by: User) -> Coupon:
    """Valid from now on unless said otherwise. Raises CouponInvalid, AmountRefused, CurrencyUnknown and CouponTaken."""
    coupon = Coupon(**{"valid_from": timezone.now(), **fields})
    _check(coupon)
    try:
        with transaction.atomic():
            coupon.save(force_insert=True)
    except IntegrityError:
        raise CouponTaken from None
    announce(events.CouponCreated(coupon_id=coupon.pk, by_id=by.pk))
    return coupon


@transaction.atomic
def end_coupon(*, coupon_id: int, by: User) -> None:
    """It serves no longer, from now on; one that has not begun never does. Ending one that is over changes nothing.

    Raises NotFound.
    """
    now = timezone.now()
    coupon = Coupon.objects.select_for_update().filter(pk=coupon_id).first()
    if coupon is None:
        raise NotFound
    if coupon.valid_until is not None and coupon.valid_until <= now:
        return
    coupon.valid_from, coupon.valid_until = min(coupon.valid_from, now - timedelta(microseconds=1)), now
    coupon.save(update_fields=["valid_from", "valid_until"])
    announce(events.CouponEnded(coupon_id=coupon.pk, by_id=by.pk))


def quote_coupon(*, code: str, plan: Plan, at: datetime) -> Quote:
    """What the coupon would take off the plan's price. Raises CouponRefused, as one of its kinds."""
    coupon = _find_serving(code, at)
    return Quote(coupon, _discount(coupon, plan))


@transaction.atomic
def redeem_coupon(
    *, quote: Quote, subscription: Subscription, payment: Payment | None = None, at: datetime, by: User
) -> CouponRedemption:
    """Take off what was quoted for the subscription's plan, once; `payment` is what was left to pay, if anything.

    Counting locks the coupon's row: from there on the subscriber's own are counted for good.
    Raises CouponUsedUp and CouponUsedBefore.
    """
    coupon = quote.coupon
    if not coupons_open(at=at).filter(pk=coupon.pk).update(redeemed_count=F("redeemed_count") + 1):
        raise CouponUsedUp
    redeemed = times_redeemed(coupon, subscription.subscriber_id)
    if redeemed >= coupon.per_subscriber_limit:
        raise CouponUsedBefore
    redemption = CouponRedemption.objects.create(
        coupon=coupon,
        subscriber_id=subscription.subscriber_id,
        subscription=subscription,
        payment=payment,
        ordinal=redeemed + 1,
        discount=quote.discount,
        currency=subscription.plan.currency,
        redeemed_at=at,
    )
    announce(events.CouponRedeemed(redemption_id=redemption.pk, coupon_id=coupon.pk, by_id=by.pk))
    return redemption


def _find_serving(code: str, at: datetime) -> Coupon:
    coupon = Coupon.objects.filter(code__iexact=code).first()
    if coupon is None:
        raise CouponUnknown
    if coupon.valid_from > at:
        raise CouponNotStarted
    if coupon.valid_until is not None and coupon.valid_until <= at:
        raise CouponExpired
    return coupon


def _discount(coupon: Coupon, plan: Plan) -> Decimal:
    if coupon.amount is not None and coupon.currency != plan.currency:
        raise CouponOfAnotherCurrency(f"This coupon is in {coupon.currency}.")
    discount = discount_on(plan.price, coupon)
    if discount == 0:
        raise CouponWorthless
    return discount


def _check(coupon: Coupon) -> None:
    if (coupon.percent is None) == (coupon.amount is None):
        one_of_them = ["Give either a percentage or an amount."]
        raise CouponInvalid(fields={"percent": one_of_them, "amount": one_of_them})
    if coupon.amount is not None:
        check_amount(coupon.amount)
        check_currency(coupon.currency)
    elif coupon.currency:
        raise CouponInvalid(fields={"currency": ["A percentage has no currency."]})
    if coupon.valid_until is not None and coupon.valid_until <= coupon.valid_from:
        raise CouponInvalid(fields={"valid_until": ["A coupon must end after it starts."]})
