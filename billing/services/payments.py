"""Money that came in, and money that went back."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing import events
from billing.errors import (
    AmountRefused,
    FullyRefunded,
    NothingToPay,
    PaidOutOfTime,
    SubscriptionCancelled,
    SubscriptionUnknown,
)
from billing.models import Payment, Plan, Refund, Subscription
from billing.money import check_amount, one_period_after
from billing.selectors import NOTHING
from billing.services.coupons import Quote, quote_coupon, redeem_coupon
from billing.services.subscriptions import change_status, lock_subscription
from core.errors import Conflict, NotFound
from core.events import announce


@transaction.atomic
def record_payment(
    *, subscription_id: int, amount: Decimal | None = None, coupon: str = "", paid_at: datetime | None = None, by: User
) -> Payment:
    """Money that came in for the subscription's next period: its price less the coupon, unless an amount is given.

    With a coupon no other amount is taken; one that covers the price pays for the period by itself, and the payment is
    of nothing. The period begins when the last one ends, or with the payment where that is over.

    Raises SubscriptionUnknown, SubscriptionCancelled, PaidOutOfTime, AmountRefused, NothingToPay, CouponRefused,
    CouponUsedUp and CouponUsedBefore.
    """
    now = timezone.now()
    subscription, paid_at = _lock_payable(subscription_id), paid_at or now
    if not subscription.starts_at <= paid_at <= now:
        raise PaidOutOfTime
    quote = quote_coupon(code=coupon, plan=subscription.plan, at=now) if coupon else None
    payment = _store(subscription, amount, quote, paid_at)
    if quote:
        redeem_coupon(quote=quote, subscription=subscription, payment=payment, at=now, by=by)
    begins = max(subscription.current_period_ends_at, paid_at)
    subscription.current_period_ends_at = one_period_after(begins, subscription.plan.period)
    change_status(subscription, Subscription.Status.ACTIVE, by_id=by.pk)
    announce(events.PaymentRecorded(payment_id=payment.pk, by_id=by.pk))
    return payment


@transaction.atomic
def refund_payment(*, payment_id: int, amount: Decimal | None = None, reason: str = "", by: User) -> Refund:
    """Send back so much of a payment; all that is left of it, unless an amount is given.

    The payment's row is locked, and its sum changed only from what was read: never more goes back than came in.
    Raises NotFound, FullyRefunded and AmountRefused.
    """
    payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    rest = payment.amount - payment.refunded
    if rest <= 0:
        raise FullyRefunded
    amount = rest if amount is None else amount
    check_amount(amount)
    if amount > rest:
        raise AmountRefused(f"Only {rest} {payment.currency} of this payment are left.")
    unchanged = Payment.objects.filter(pk=payment.pk, refunded=payment.refunded)
    if not unchanged.update(refunded=payment.refunded + amount):
        raise Conflict
    refund = Refund.objects.create(payment=payment, amount=amount, reason=reason, refunded_at=timezone.now())
    announce(events.PaymentRefunded(refund_id=refund.pk, payment_id=payment.pk, by_id=by.pk))
    return refund


def _lock_payable(subscription_id: int) -> Subscription:
    try:
        subscription = lock_subscription(subscription_id)
    except NotFound:
        raise SubscriptionUnknown from None
    if not subscription.is_live:
        raise SubscriptionCancelled
    return subscription


def _store(subscription: Subscription, amount: Decimal | None, quote: Quote | None, paid_at: datetime) -> Payment:
    plan = subscription.plan
    return Payment.objects.create(
        subscription=subscription,
        plan=plan,
        amount=_left_by(quote, plan, amount) if quote else _asked_for(plan, amount),
        currency=plan.currency,
        discount=quote.discount if quote else NOTHING,
        paid_at=paid_at,
    )


def _left_by(quote: Quote, plan: Plan, amount: Decimal | None) -> Decimal:
    left = plan.price - quote.discount
    if amount not in (None, left):
        raise AmountRefused(f"With this coupon the amount is {left} {plan.currency}.")
    return left


def _asked_for(plan: Plan, amount: Decimal | None) -> Decimal:
    if amount is None and plan.price == 0:
        raise NothingToPay
    amount = plan.price if amount is None else amount
    check_amount(amount)
    return amount
