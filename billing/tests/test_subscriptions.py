from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction

from billing.errors import AlreadySubscribed, CouponRefused, PlanNotOffered
from billing.events import SubscriptionStarted, SubscriptionStatusChanged
from billing.models import CouponRedemption, Subscription
from billing.money import one_period_after
from billing.selectors import PlanShare, live_subscriptions_by_plan
from billing.services.subscriptions import cancel_subscription, settle_periods_that_ended, start_subscription
from billing.tasks import settle_subscriptions
from core.errors import NotFound
from core.events import with_it

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ANNOUNCED: list = []
with_it(SubscriptionStarted)(ANNOUNCED.append)
with_it(SubscriptionStatusChanged)(ANNOUNCED.append)


@pytest.fixture
def announced():
    ANNOUNCED.clear()
    return ANNOUNCED


def facts() -> dict:
    return Subscription.objects.values("status", "starts_at", "current_period_ends_at", "cancelled_at").get()


@time_machine.travel(NOON, tick=False)
def test_a_subscription_starts_as_a_trial(subscriber, plan, superuser, announced):
    started = start_subscription(subscriber=subscriber, plan_id=plan.pk, trial_days=30, by=superuser)

    ends = NOON + 30 * DAY
    assert facts() == {
        "status": "trial",
        "starts_at": NOON,
        "current_period_ends_at": ends,
        "cancelled_at": None,
    }
    assert announced == [SubscriptionStarted(subscription_id=started.pk, by_id=superuser.pk)]


@time_machine.travel(NOON, tick=False)
def test_what_costs_nothing_is_active_at_once(subscriber, make_plan, superuser):
    start_subscription(subscriber=subscriber, plan_id=make_plan("Free", price=0).pk, by=superuser)

    february = datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert (facts()["status"], facts()["current_period_ends_at"]) == ("active", february)


def test_a_coupon_for_the_whole_price_starts_an_active_one(subscriber, plan, make_coupon, superuser):
    start_subscription(
        subscriber=subscriber, plan_id=plan.pk, coupon=make_coupon("free", percent=100).code, by=superuser
    )

    assert facts()["status"] == "active"
    assert CouponRedemption.objects.values_list("discount", "payment").get() == (Decimal("29.00"), None)


def test_a_coupon_for_some_of_the_price_starts_nothing(subscriber, plan, coupon, superuser):
    with pytest.raises(CouponRefused) as refusal:
        start_subscription(subscriber=subscriber, plan_id=plan.pk, coupon=coupon.code, by=superuser)

    coupon.refresh_from_db()
    assert refusal.value.code == "coupon_partial"
    assert not Subscription.objects.exists()
    assert coupon.redeemed_count == 0


def test_there_is_one_live_subscription_at_most(subscriber, plan, superuser):
    start_subscription(subscriber=subscriber, plan_id=plan.pk, by=superuser)

    with pytest.raises(AlreadySubscribed):
        start_subscription(subscriber=subscriber, plan_id=plan.pk, by=superuser)

    assert Subscription.objects.count() == 1


def test_after_a_cancelled_one_another_starts(subscriber, plan, superuser):
    first = start_subscription(subscriber=subscriber, plan_id=plan.pk, by=superuser)
    cancel_subscription(subscription_id=first.pk, by=superuser)

    start_subscription(subscriber=subscriber, plan_id=plan.pk, by=superuser)

    assert sorted(Subscription.objects.values_list("status", flat=True)) == ["cancelled", "trial"]


def test_a_plan_that_is_not_offered_is_refused(subscriber, make_plan, superuser):
    for plan_id in (make_plan("Old", is_active=False).pk, 404):
        with pytest.raises(PlanNotOffered) as refusal:
            start_subscription(subscriber=subscriber, plan_id=plan_id, by=superuser)
        assert set(refusal.value.fields) == {"plan"}

    assert not Subscription.objects.exists()


def test_cancelling_ends_it_now_and_once(subscription, superuser, announced):
    with time_machine.travel(NOON, tick=False):
        cancel_subscription(subscription_id=subscription.pk, by=superuser)
    with time_machine.travel(NOON + DAY, tick=False):
        cancel_subscription(subscription_id=subscription.pk, by=superuser)

    assert (facts()["status"], facts()["cancelled_at"]) == ("cancelled", NOON)
    assert announced == [SubscriptionStatusChanged(subscription.pk, "active", "cancelled", superuser.pk)]


def test_an_unknown_subscription_is_not_found(superuser, db):
    with pytest.raises(NotFound):
        cancel_subscription(subscription_id=404, by=superuser)


def test_what_nobody_paid_for_becomes_past_due(make_subscription, announced):
    late = make_subscription(starts_at=NOON - 2 * DAY, current_period_ends_at=NOON, status="trial")
    make_subscription("Paid", starts_at=NOON - 2 * DAY, current_period_ends_at=NOON + timedelta(seconds=1))

    with time_machine.travel(NOON, tick=False):
        settle_subscriptions.call_local()

    assert list(Subscription.objects.order_by("pk").values_list("status", flat=True)) == ["past_due", "active"]
    assert announced == [SubscriptionStatusChanged(late.pk, "trial", "past_due", None)]


def test_what_costs_nothing_goes_on(make_plan, make_subscription, announced):
    free = make_plan("Free", price=0)
    make_subscription(plan=free, starts_at=NOON - 31 * DAY, current_period_ends_at=NOON)

    with time_machine.travel(NOON + DAY, tick=False):
        assert settle_periods_that_ended() == 1
        assert settle_periods_that_ended() == 0

    assert facts()["current_period_ends_at"] == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert announced == []


def test_live_subscriptions_are_counted_for_every_plan_at_any_time(make_plan, make_subscription, plan):
    premium = make_plan("Premium")
    make_subscription("One", starts_at=NOON)
    make_subscription("Two", starts_at=NOON, status="cancelled", cancelled_at=NOON + DAY)

    assert live_subscriptions_by_plan(at=NOON) == [
        PlanShare(plan.pk, "basic", "Basic", 2),
        PlanShare(premium.pk, "premium", "Premium", 0),
    ]
    assert [share.subscriptions for share in live_subscriptions_by_plan()] == [1, 0]
    assert [share.subscriptions for share in live_subscriptions_by_plan(at=NOON - DAY)] == [0, 0]


@pytest.mark.parametrize("fields", [{"status": "cancelled"}, {"cancelled_at": NOON}, {"current_period_ends_at": NOON}])
def test_the_database_refuses_what_no_service_writes(fields, make_subscription):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_subscription(**{"starts_at": NOON, **fields})


@pytest.mark.parametrize(
    ("moment", "period", "after"),
    [
        ("2026-01-31", "month", "2026-02-28"),
        ("2026-12-15", "month", "2027-01-15"),
        ("2024-02-29", "year", "2025-02-28"),
        ("2025-11-30", "year", "2026-11-30"),
    ],
)
def test_a_period_ends_on_the_same_day_or_the_months_last(moment, period, after):
    assert one_period_after(datetime.fromisoformat(moment), period) == datetime.fromisoformat(after)
