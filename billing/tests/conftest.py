from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Coupon, Plan, Subscriber, Subscription


@pytest.fixture
def make_plan(db: None) -> Callable[..., Plan]:
    def make(name: str = "Basic", **fields: Any) -> Plan:
        slug = name.lower()
        price = {"price": Decimal("29.00"), "currency": "GBP", "period": Plan.Period.MONTH}
        return Plan.objects.create(slug=slug, name=name, **{**price, **fields})

    return make


@pytest.fixture
def plan(make_plan: Callable[..., Plan]) -> Plan:
    return make_plan()


@pytest.fixture
def subscriber(db: None) -> Subscriber:
    return Subscriber.objects.create(name="The Anchor")


@pytest.fixture
def make_subscription(plan: Plan) -> Callable[..., Subscription]:
    """A stored one of a subscriber of its own, active for another ten days unless said otherwise."""

    def make(name: str = "The Anchor", **fields: Any) -> Subscription:
        now = timezone.now()
        period = {"starts_at": now - timedelta(days=20), "current_period_ends_at": now + timedelta(days=10)}
        stored = {"plan": plan, "status": Subscription.Status.ACTIVE, **period, **fields}
        return Subscription.objects.create(subscriber=Subscriber.objects.create(name=name), **stored)

    return make


@pytest.fixture
def subscription(make_subscription: Callable[..., Subscription]) -> Subscription:
    return make_subscription()


@pytest.fixture
def make_coupon(db: None) -> Callable[..., Coupon]:
    """A stored one that takes ten per cent off, unless said otherwise."""

    def make(code: str = "WELCOME10", **fields: Any) -> Coupon:
        taken = {} if "amount" in fields else {"percent": 10}
        return Coupon.objects.create(code=code, **{"valid_from": timezone.now() - timedelta(days=1), **taken, **fields})

    return make


@pytest.fixture
def coupon(make_coupon: Callable[..., Coupon]) -> Coupon:
    return make_coupon()
