"""What many do at the same moment, in threads that each have a database connection of their own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from billing.errors import AlreadySubscribed, AmountRefused, CouponUsedBefore, CouponUsedUp, FullyRefunded, PlanTaken
from billing.models import Coupon, CouponRedemption, Payment, Plan, Refund, Subscription
from billing.money import one_period_after
from billing.services.payments import record_payment, refund_payment
from billing.services.plans import create_plan
from billing.services.subscriptions import start_subscription

THREADS = 16
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def at_once(acts):
    """Of what type each act's outcome was, and how often."""
    start = threading.Barrier(min(THREADS, len(acts)))

    def run(act):
        try:
            return type(act())
        except (AlreadySubscribed, AmountRefused, CouponUsedBefore, CouponUsedUp, FullyRefunded, PlanTaken) as refusal:
            return type(refusal)
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(THREADS, initializer=start.wait) as pool:
        return Counter(pool.map(run, acts))


def test_plans_of_names_alike_are_all_made_and_of_one_name_once(superuser):
    fields = {"price": Decimal("29.00"), "currency": "GBP", "period": "month"}
    names = [*("!" * length for length in range(1, 21)), *["Gold"] * 20]

    outcomes = at_once([lambda name=name: create_plan(fields={"name": name, **fields}, by=superuser) for name in names])

    numbered = {f"plan-{number}" for number in range(2, 21)}
    assert outcomes == {Plan: 21, PlanTaken: 19}
    assert set(Plan.objects.values_list("slug", flat=True)) == {"plan", "gold"} | numbered


def test_a_subscriber_who_starts_many_times_has_one(subscriber, plan, superuser):
    outcomes = at_once([lambda: start_subscription(subscriber=subscriber, plan_id=plan.pk, by=superuser)] * 40)

    assert outcomes == {Subscription: 1, AlreadySubscribed: 39}
    assert Subscription.objects.count() == 1


def test_refunds_never_add_up_to_more_than_was_paid(subscription, superuser):
    payment = record_payment(subscription_id=subscription.pk, amount=Decimal("1.00"), by=superuser)

    def refund():
        return refund_payment(payment_id=payment.pk, amount=Decimal("0.07"), by=superuser)

    outcomes = at_once([refund] * 40)

    payment.refresh_from_db()
    assert outcomes == {Refund: 14, AmountRefused: 26}
    assert payment.refunded == Decimal("0.98")


def test_a_coupon_is_shared_by_no_more_than_its_limit(make_subscription, make_coupon, superuser):
    coupon = make_coupon(total_limit=10)
    paying = [make_subscription(f"Venue {number}").pk for number in range(40)]

    outcomes = at_once(
        [lambda pk=pk: record_payment(subscription_id=pk, coupon=coupon.code, by=superuser) for pk in paying]
    )

    assert outcomes == {Payment: 10, CouponUsedUp: 30}
    assert Coupon.objects.get().redeemed_count == CouponRedemption.objects.count() == 10


def test_one_subscriber_gets_a_coupon_once(subscription, coupon, superuser):
    outcomes = at_once([lambda: record_payment(subscription_id=subscription.pk, coupon=coupon.code, by=superuser)] * 40)

    assert outcomes == {Payment: 1, CouponUsedBefore: 39}
    assert Coupon.objects.get().redeemed_count == CouponRedemption.objects.count() == 1


def test_a_coupon_for_the_whole_price_pays_for_one_period(subscription, make_coupon, superuser):
    coupon, ends_at = make_coupon(percent=100), subscription.current_period_ends_at

    outcomes = at_once([lambda: record_payment(subscription_id=subscription.pk, coupon=coupon.code, by=superuser)] * 40)

    subscription.refresh_from_db()
    assert outcomes == {Payment: 1, CouponUsedBefore: 39}
    assert Coupon.objects.get().redeemed_count == CouponRedemption.objects.count() == 1
    assert subscription.current_period_ends_at == one_period_after(ends_at, subscription.plan.period)
