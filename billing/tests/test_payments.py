from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction

from billing.errors import (
    AmountRefused,
    FullyRefunded,
    NothingToPay,
    PaidOutOfTime,
    SubscriptionCancelled,
    SubscriptionUnknown,
)
from billing.events import PaymentRecorded, PaymentRefunded
from billing.models import Payment, Refund, Subscription
from billing.selectors import Revenue, revenue_by_day
from billing.services.payments import record_payment, refund_payment
from core.errors import NotFound
from core.events import with_it

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ANNOUNCED: list = []
with_it(PaymentRecorded)(ANNOUNCED.append)
with_it(PaymentRefunded)(ANNOUNCED.append)


@pytest.fixture
def announced():
    ANNOUNCED.clear()
    return ANNOUNCED


@pytest.fixture
def running(make_subscription):
    return make_subscription(starts_at=NOON - 20 * DAY, current_period_ends_at=NOON + 10 * DAY)


def pay(subscription, by, at=NOON, **more):
    with time_machine.travel(at, tick=False):
        return record_payment(subscription_id=subscription.pk, by=by, **more)


def test_a_payment_is_the_plans_price_and_prolongs_the_period(running, superuser, announced):
    payment = pay(running, superuser)

    running.refresh_from_db()
    columns = ("plan", "amount", "currency", "discount", "refunded", "paid_at")
    assert Payment.objects.values_list(*columns).get() == (running.plan_id, Decimal("29.00"), "GBP", 0, 0, NOON)
    assert running.current_period_ends_at == datetime(2026, 4, 20, 12, tzinfo=UTC)
    assert announced == [PaymentRecorded(payment_id=payment.pk, by_id=superuser.pk)]


@pytest.mark.parametrize("status", ["trial", "past_due"])
def test_a_payment_makes_the_subscription_active(status, make_subscription, superuser):
    unpaid = make_subscription(status=status, starts_at=NOON - 20 * DAY, current_period_ends_at=NOON - DAY)

    pay(unpaid, superuser)

    unpaid.refresh_from_db()
    assert (unpaid.status, unpaid.current_period_ends_at) == ("active", datetime(2026, 4, 10, 12, tzinfo=UTC))


def test_another_amount_and_an_earlier_day_may_be_given(running, superuser):
    pay(running, superuser, amount=Decimal("12.50"), paid_at=NOON - DAY)

    assert Payment.objects.values_list("amount", "paid_at").get() == (Decimal("12.50"), NOON - DAY)


@pytest.mark.parametrize("paid_at", [NOON + timedelta(seconds=1), NOON - 21 * DAY])
def test_a_payment_out_of_its_time_is_refused(paid_at, running, superuser):
    with pytest.raises(PaidOutOfTime) as refusal:
        pay(running, superuser, paid_at=paid_at)

    assert set(refusal.value.fields) == {"paid_at"}
    assert not Payment.objects.exists()


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "100000000"])
def test_an_amount_that_is_none_is_refused(amount, running, superuser):
    with pytest.raises(AmountRefused):
        pay(running, superuser, amount=Decimal(amount))

    assert not Payment.objects.exists()


def test_a_cancelled_subscription_takes_no_payment(make_subscription, superuser):
    over = make_subscription(starts_at=NOON - DAY, status="cancelled", cancelled_at=NOON)

    with pytest.raises(SubscriptionCancelled):
        pay(over, superuser)
    with pytest.raises(SubscriptionUnknown):
        record_payment(subscription_id=404, by=superuser)

    assert not Payment.objects.exists()


def test_what_costs_nothing_is_not_paid_for(make_plan, make_subscription, superuser):
    free = make_subscription(plan=make_plan("Free", price=0), starts_at=NOON - DAY)

    with pytest.raises(NothingToPay):
        pay(free, superuser)

    assert not Payment.objects.exists()


def test_refunds_add_up_to_the_payment_and_no_further(running, superuser, announced):
    payment = pay(running, superuser, amount=Decimal("0.30"))
    first = refund_payment(payment_id=payment.pk, amount=Decimal("0.10"), reason="Kindness", by=superuser)
    with pytest.raises(AmountRefused) as refusal:
        refund_payment(payment_id=payment.pk, amount=Decimal("0.21"), by=superuser)

    refund_payment(payment_id=payment.pk, by=superuser)
    with pytest.raises(FullyRefunded):
        refund_payment(payment_id=payment.pk, by=superuser)

    payment.refresh_from_db()
    assert refusal.value.fields == {"amount": ["Only 0.20 GBP of this payment are left."]}
    assert list(Refund.objects.order_by("pk").values_list("amount", "reason")) == [
        (Decimal("0.10"), "Kindness"),
        (Decimal("0.20"), ""),
    ]
    assert payment.refunded == payment.amount
    assert announced[1] == PaymentRefunded(refund_id=first.pk, payment_id=payment.pk, by_id=superuser.pk)


def test_an_unknown_payment_is_not_found(superuser, db):
    with pytest.raises(NotFound):
        refund_payment(payment_id=404, by=superuser)


def test_the_database_keeps_more_from_going_back_than_came_in(running, superuser):
    payment = pay(running, superuser)

    for wrong in ({"refunded": Decimal("29.01")}, {"refunded": Decimal("-0.01")}, {"amount": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(**wrong)


def test_revenue_is_what_came_in_less_what_went_back_on_each_day(running, superuser, django_assert_num_queries):
    first = pay(running, superuser, amount=Decimal("0.10"))
    pay(running, superuser, amount=Decimal("0.20"), at=NOON + timedelta(hours=1))
    pay(running, superuser, at=NOON + DAY)
    with time_machine.travel(NOON + DAY, tick=False):
        refund_payment(payment_id=first.pk, by=superuser)
    pay(running, superuser, at=NOON + 5 * DAY)

    with django_assert_num_queries(1):
        revenue = revenue_by_day(since=NOON, until=NOON + 5 * DAY)

    whose = (running.subscriber_id, running.plan_id, "GBP")
    assert revenue == [
        Revenue(date(2026, 3, 10), *whose, paid=Decimal("0.30"), refunded=Decimal("0.00")),
        Revenue(date(2026, 3, 11), *whose, paid=Decimal("29.00"), refunded=Decimal("0.10")),
    ]
    assert sum(one.net for one in revenue) == Decimal("29.20")
    assert Subscription.objects.count() == 1
