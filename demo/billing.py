"""Plans, the venues' subscriptions, the payments of the last twelve months, coupons, and the log of all that."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from django.conf import settings

from accounts.models import User
from activity.models import ActivityEntry
from billing.models import Coupon, CouponRedemption, Payment, Plan, Refund, Subscriber, Subscription
from billing.money import discount_on, one_period_after
from venues.models import Venue

TRIAL = timedelta(days=14)
KEPT_WAITING = timedelta(days=10)
REFUNDED = Decimal("10.00")
Status = Subscription.Status


@dataclass(frozen=True)
class DemoSubscription:
    """Of the venue with the same number, from its first day on; nobody paid for the last `unpaid` periods."""

    plan: str
    status: str
    unpaid: int = 0


# Venue 2 has no live one, so that the API's example can subscribe it.
SUBSCRIPTIONS = {
    1: DemoSubscription("Basic", Status.ACTIVE),
    2: DemoSubscription("Basic", Status.CANCELLED, unpaid=3),
    3: DemoSubscription("Premium", Status.ACTIVE),
    4: DemoSubscription("Premium", Status.PAST_DUE, unpaid=1),
}


def plant_billing(now: datetime) -> None:
    """Plans 1 and 2, a subscription for each venue with the venue's id, and payments from 1 on."""
    plans = {plan.name: plan for plan in _plant_plans(now)}
    welcome = _plant_coupons(now)
    numbers = count(1)
    log = _Log(User.objects.get(username="admin"))
    for venue in Venue.objects.order_by("id"):
        log.add(venue.created_at, "venue_created", f"Created the venue {venue.name}", "venue", venue.pk)
        demo = SUBSCRIPTIONS[venue.pk]
        begins = list(_periods(venue.created_at + TRIAL, now))
        paid = begins[: len(begins) - demo.unpaid]
        subscription = _plant_subscription(venue, demo, plans[demo.plan], paid[-1])
        log.add(
            subscription.starts_at,
            "subscription_started",
            f"Subscribed {venue.name} to {demo.plan} (trial)",
            "subscription",
            subscription.pk,
        )
        _plant_payments(subscription, paid, numbers, welcome if venue.pk == 1 else None, log)
    log.write()


def _plant_plans(now: datetime) -> list[Plan]:
    prices = (("Basic", Decimal("29.00")), ("Premium", Decimal("59.00")))
    for plan_id, (name, price) in enumerate(prices, start=1):
        Plan.objects.create(
            id=plan_id, slug=name.lower(), name=name, price=price, currency=settings.CURRENCY, period=Plan.Period.MONTH
        )
    Plan.objects.update(created_at=now - timedelta(days=400))
    return list(Plan.objects.all())


def _plant_coupons(now: datetime) -> Coupon:
    """One that is open, and was redeemed once; one that is over; one to come, which takes an amount off."""
    month = timedelta(days=30)
    Coupon.objects.create(code="SPRING20", percent=20, valid_from=now - 6 * month, valid_until=now - 4 * month)
    Coupon.objects.create(
        code="LAUNCH15", amount=15, currency=settings.CURRENCY, valid_from=now + month, total_limit=50
    )
    return Coupon.objects.create(
        code="WELCOME10", percent=10, valid_from=now - 13 * month, total_limit=100, redeemed_count=1
    )


def _periods(first: datetime, now: datetime) -> Iterator[datetime]:
    """When each month begins, up to now."""
    while first <= now:
        yield first
        first = one_period_after(first, Plan.Period.MONTH)


def _plant_subscription(venue: Venue, demo: DemoSubscription, plan: Plan, last_paid: datetime) -> Subscription:
    ends_at = one_period_after(last_paid, plan.period)
    venue.subscriber = Subscriber.objects.create(id=venue.pk, name=venue.name)
    venue.save(update_fields=["subscriber"])
    return Subscription.objects.create(
        id=venue.pk,
        subscriber=venue.subscriber,
        plan=plan,
        status=demo.status,
        starts_at=venue.created_at,
        current_period_ends_at=ends_at,
        cancelled_at=ends_at + KEPT_WAITING if demo.status == Status.CANCELLED else None,
    )


def _plant_payments(
    subscription: Subscription, paid: list[datetime], numbers: Iterator[int], coupon: Coupon | None, log: "_Log"
) -> None:
    """One at the beginning of each period: the first with the coupon, if there is one; some of the last went back."""
    plan, name = subscription.plan, subscription.subscriber.name
    for at in paid:
        discount = discount_on(plan.price, coupon) if coupon and at == paid[0] else Decimal(0)
        payment = Payment.objects.create(
            id=next(numbers),
            subscription=subscription,
            plan=plan,
            amount=plan.price - discount,
            currency=plan.currency,
            discount=discount,
            refunded=REFUNDED if at == paid[-1] and subscription.pk == 3 else 0,
            paid_at=at,
        )
        said = f"Recorded a payment of {payment.amount} {payment.currency} by {name}"
        log.add(at, "payment_recorded", said, "payment", payment.pk)
        if coupon and discount:
            _plant_redemption(coupon, payment, log)
        if payment.refunded:
            Refund.objects.create(payment=payment, amount=REFUNDED, reason="A week without the screen.", refunded_at=at)
            log.add(at, "payment_refunded", f"Refunded {REFUNDED} {plan.currency} to {name}", "payment", payment.pk)


def _plant_redemption(coupon: Coupon, payment: Payment, log: "_Log") -> None:
    CouponRedemption.objects.create(
        coupon=coupon,
        subscriber=payment.subscription.subscriber,
        subscription=payment.subscription,
        payment=payment,
        ordinal=1,
        discount=payment.discount,
        currency=payment.currency,
        redeemed_at=payment.paid_at,
    )
    log.add(payment.paid_at, "coupon_redeemed", "Redeemed a coupon", "coupon", coupon.pk)


class _Log:
    """Gathered first and then written in the order of time."""

    def __init__(self, actor: User) -> None:
        self._actor = actor
        self._entries: list[ActivityEntry] = []

    def add(self, at: datetime, type: str, summary: str, target_type: str, target_id: int) -> None:
        self._entries.append(
            ActivityEntry(
                at=at,
                actor=self._actor,
                type=type,
                summary=summary,
                target_type=target_type,
                target_id=str(target_id),
            )
        )

    def write(self) -> None:
        ActivityEntry.objects.bulk_create(sorted(self._entries, key=lambda entry: entry.at))
