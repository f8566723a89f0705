from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.errors import (
    AmountRefused,
    CouponInvalid,
    CouponRefused,
    CouponTaken,
    CouponUsedBefore,
    CouponUsedUp,
    CurrencyUnknown,
    FullyRefunded,
)
from billing.events import CouponCreated, CouponEnded, CouponRedeemed
from billing.models import Coupon, CouponRedemption, Payment
from billing.money import discount_on
from billing.selectors import revenue_by_day
from billing.services.coupons import create_coupon, end_coupon
from billing.services.payments import record_payment, refund_payment
from core.errors import NotFound
from core.events import with_it

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANNOUNCED: list = []
for event in (CouponCreated, CouponEnded, CouponRedeemed):
    with_it(event)(ANNOUNCED.append)


@pytest.fixture
def announced():
    ANNOUNCED.clear()
    return ANNOUNCED


def counted(coupon) -> int:
    return Coupon.objects.values_list("redeemed_count", flat=True).get(pk=coupon.pk)


@time_machine.travel(NOW, tick=False)
def test_a_coupon_is_valid_from_now_on(superuser, announced):
    coupon = create_coupon(fields={"code": "SPRING", "percent": 25}, by=superuser)

    assert Coupon.objects.values(
        "code", "percent", "amount", "valid_from", "valid_until", "total_limit", "per_subscriber_limit"
    ).get() == {
        "code": "SPRING",
        "percent": 25,
        "amount": None,
        "valid_from": NOW,
        "valid_until": None,
        "total_limit": None,
        "per_subscriber_limit": 1,
    }
    assert announced == [CouponCreated(coupon_id=coupon.pk, by_id=superuser.pk)]


def test_a_code_is_taken_in_any_case(coupon, superuser):
    with pytest.raises(CouponTaken):
        create_coupon(fields={"code": "welcome10", "percent": 5}, by=superuser)

    assert Coupon.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "error", "named"),
    [
        ({}, CouponInvalid, {"percent", "amount"}),
        ({"percent": 5, "amount": Decimal(5), "currency": "GBP"}, CouponInvalid, {"percent", "amount"}),
        ({"percent": 5, "currency": "GBP"}, CouponInvalid, {"currency"}),
        ({"amount": Decimal(5)}, CurrencyUnknown, {"currency"}),
        ({"amount": Decimal(0), "currency": "GBP"}, AmountRefused, {"amount"}),
        ({"percent": 5, "valid_from": NOW, "valid_until": NOW}, CouponInvalid, {"valid_until"}),
    ],
)
def test_a_coupon_that_says_nothing_sensible_is_refused(fields, error, named, superuser):
    with pytest.raises(error) as refusal:
        create_coupon(fields={"code": "X", **fields}, by=superuser)

    assert set(refusal.value.fields) == named
    assert not Coupon.objects.exists()


def test_a_payment_with_a_coupon_is_less_and_counts_it(subscription, coupon, superuser, announced):
    payment = record_payment(subscription_id=subscription.pk, coupon="welcome10", by=superuser)

    redemption = CouponRedemption.objects.get()
    assert (payment.amount, payment.discount) == (Decimal("26.10"), Decimal("2.90"))
    assert (redemption.payment, redemption.discount, redemption.ordinal) == (payment, Decimal("2.90"), 1)
    assert counted(coupon) == 1
    assert announced == [CouponRedeemed(redemption_id=redemption.pk, coupon_id=coupon.pk, by_id=superuser.pk)]


def test_a_coupon_serves_one_subscriber_once_and_others_too(subscription, make_subscription, coupon, superuser):
    record_payment(subscription_id=subscription.pk, coupon=coupon.code, by=superuser)
    with pytest.raises(CouponUsedBefore):
        record_payment(subscription_id=subscription.pk, coupon=coupon.code, by=superuser)
    record_payment(subscription_id=make_subscription("Bar Zero").pk, coupon=coupon.code, by=superuser)

    assert counted(coupon) == CouponRedemption.objects.count() == Payment.objects.count() == 2


def test_a_coupon_is_used_up_at_its_limit(subscription, make_subscription, make_coupon, superuser):
    coupon = make_coupon(total_limit=1)
    record_payment(subscription_id=subscription.pk, coupon=coupon.code, by=superuser)

    with pytest.raises(CouponUsedUp):
        record_payment(subscription_id=make_subscription("Bar Zero").pk, coupon=coupon.code, by=superuser)

    assert counted(coupon) == Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": "OTHER"}, "coupon_unknown"),
        ({"valid_from": timezone.now() + HOUR}, "coupon_not_started"),
        ({"valid_until": timezone.now() - HOUR}, "coupon_expired"),
        ({"amount": Decimal(5), "currency": "EUR"}, "coupon_currency"),
    ],
)
def test_a_coupon_that_does_not_serve_here_is_refused(fields, code, subscription, make_coupon, superuser):
    coupon = make_coupon(**{"code": "MINE", "valid_from": timezone.now() - 24 * HOUR, **fields})

    with pytest.raises(CouponRefused) as refusal:
        record_payment(subscription_id=subscription.pk, coupon="MINE", by=superuser)

    assert (refusal.value.code, set(refusal.value.fields)) == (code, {"coupon"})
    assert counted(coupon) == Payment.objects.count() == 0


def test_a_coupon_that_takes_nothing_off_is_not_used(make_plan, make_subscription, coupon, superuser):
    cheap = make_subscription(plan=make_plan("Cheap", price=Decimal("0.01")))

    with pytest.raises(CouponRefused) as refusal:
        record_payment(subscription_id=cheap.pk, coupon=coupon.code, by=superuser)

    assert refusal.value.code == "coupon_worthless"


@pytest.mark.parametrize("amount", [None, Decimal("0.00")])
@pytest.mark.parametrize("status", ["trial", "active", "past_due"])
@time_machine.travel(NOW, tick=False)
def test_a_coupon_for_the_whole_price_pays_for_a_period(status, amount, make_subscription, make_coupon, superuser):
    coupon = make_coupon(amount=Decimal(500), currency="GBP")
    subscription = make_subscription(status=status, current_period_ends_at=NOW + HOUR)

    payment = record_payment(subscription_id=subscription.pk, coupon=coupon.code, amount=amount, by=superuser)

    subscription.refresh_from_db()
    redemptions = CouponRedemption.objects.values_list("payment", "discount")
    assert (payment.amount, payment.discount) == (Decimal("0.00"), Decimal("29.00"))
    assert redemptions.get() == (payment.pk, Decimal("29.00"))
    assert counted(coupon) == 1
    assert subscription.status == "active"
    assert subscription.current_period_ends_at == datetime(2026, 4, 10, 13, tzinfo=UTC)


def test_what_a_coupon_paid_for_is_no_revenue_and_not_refunded(subscription, make_coupon, superuser):
    coupon = make_coupon(percent=100)
    payment = record_payment(subscription_id=subscription.pk, coupon=coupon.code, by=superuser)

    with pytest.raises(FullyRefunded):
        refund_payment(payment_id=payment.pk, by=superuser)

    revenue = revenue_by_day(since=payment.paid_at, until=payment.paid_at + HOUR)
    assert [one.net for one in revenue] == [0]


@pytest.mark.parametrize(("percent", "rest"), [(10, "26.10"), (100, "0.00")])
@pytest.mark.parametrize("amount", ["1.00", "29.00", "30.00", "-1"])
def test_an_amount_that_is_not_what_a_coupon_leaves_is_refused(
    percent, rest, amount, subscription, make_coupon, superuser
):
    coupon = make_coupon(percent=percent)

    with pytest.raises(AmountRefused) as refusal:
        record_payment(subscription_id=subscription.pk, coupon=coupon.code, amount=Decimal(amount), by=superuser)

    assert refusal.value.fields == {"amount": [f"With this coupon the amount is {rest} GBP."]}
    assert counted(coupon) == Payment.objects.count() == CouponRedemption.objects.count() == 0


def test_the_amount_that_a_coupon_leaves_is_taken(subscription, coupon, superuser):
    payment = record_payment(subscription_id=subscription.pk, coupon=coupon.code, amount=Decimal("26.10"), by=superuser)

    assert (payment.amount, payment.discount, counted(coupon)) == (Decimal("26.10"), Decimal("2.90"), 1)


def test_an_ended_coupon_serves_no_longer(subscription, coupon, make_coupon, superuser, announced):
    later = make_coupon("LATER", valid_from=timezone.now() + HOUR)
    for one in (coupon, later, coupon):
        end_coupon(coupon_id=one.pk, by=superuser)

    for code in ("WELCOME10", "LATER"):
        with pytest.raises(CouponRefused, match="expired"):
            record_payment(subscription_id=subscription.pk, coupon=code, by=superuser)
    assert announced == [CouponEnded(one.pk, superuser.pk) for one in (coupon, later)]
    with pytest.raises(NotFound):
        end_coupon(coupon_id=404, by=superuser)


@pytest.mark.parametrize(
    ("fields", "price", "discount"),
    [
        ({"percent": 10}, "0.05", "0.01"),
        ({"percent": 10}, "0.04", "0.00"),
        ({"percent": 33}, "10.00", "3.30"),
        ({"percent": 100}, "29.99", "29.99"),
        ({"amount": Decimal("5.00")}, "29.99", "5.00"),
        ({"amount": Decimal("50.00")}, "29.99", "29.99"),
    ],
)
def test_a_discount_is_whole_cents_and_no_more_than_the_price(fields, price, discount):
    assert discount_on(Decimal(price), Coupon(**fields)) == Decimal(discount)


@pytest.mark.parametrize(
    "fields",
    [
        {"percent": 0},
        {"percent": 101},
        {"percent": None},
        {"percent": 5, "currency": "GBP"},
        {"percent": 5, "amount": 5, "currency": "GBP"},
        {"percent": None, "amount": 0, "currency": "GBP"},
        {"percent": None, "amount": 5},
        {"total_limit": 0},
        {"total_limit": 1, "redeemed_count": 2},
        {"per_subscriber_limit": 0},
    ],
)
def test_the_database_refuses_what_no_service_writes(fields, db):
    with pytest.raises(IntegrityError), transaction.atomic():
        Coupon.objects.create(**{"code": "X", "percent": 5, "valid_from": NOW, **fields})
