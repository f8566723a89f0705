from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.models import Coupon, Membership, Payment, Plan, Subscriber, Subscription, Tier
from billing.selectors import find_tier
from billing.services.memberships import grant_membership
from billing.services.payments import record_payment

ADD = "admin:billing_membership_add"


def filled(member: User, **changes: Any) -> dict[str, Any]:
    return {"user": member.pk, "tier": "plus", "ends_at_0": "2099-01-01", "ends_at_1": "12:00:00", **changes}


def test_a_membership_is_granted_in_place_of_another(customer: User, visitor: Client) -> None:
    grant_membership(user=customer, tier=Tier.BASIC)

    visitor.post(reverse(ADD), filled(customer))

    assert Membership.objects.count() == 1
    assert find_tier(customer) == Tier.PLUS


def test_a_membership_is_changed_and_ended(customer: User, visitor: Client) -> None:
    granted = grant_membership(user=customer, tier=Tier.BASIC)

    change = reverse("admin:billing_membership_change", args=[granted.pk])
    visitor.post(change, {"tier": "premium", "ends_at_0": "", "ends_at_1": ""})
    changed = find_tier(customer)
    ticked = {"action": "end", "_selected_action": [granted.pk]}
    visitor.post(reverse("admin:billing_membership_changelist"), ticked)

    assert changed == Tier.PREMIUM
    assert find_tier(customer) is None


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"ends_at_0": "2020-01-01"}, {"ends_at": ["A membership must end in the future."]}),
        ({"ends_at_0": "never"}, {"ends_at": ["Enter a valid date."]}),
        ({"tier": "gold"}, {"tier": ["Select a valid choice. gold is not one of the available choices."]}),
        ({"user": "0"}, {"user": ["Select a valid choice. That choice is not one of the available choices."]}),
    ],
)
def test_a_bad_membership_is_refused(
    changes: dict[str, str], errors: dict[str, list[str]], customer: User, visitor: Client
) -> None:
    response = visitor.post(reverse(ADD), filled(customer, **changes))

    assert response.context["adminform"].form.errors == errors
    assert not Membership.objects.exists()


def errors_of(response: Any) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = response.context["adminform"].form.errors
    return errors


def test_a_plan_is_added_and_changed(visitor: Client) -> None:
    filled = {"name": "Basic", "price": "29.00", "currency": "GBP", "period": "month", "is_active": "on"}
    visitor.post(reverse("admin:billing_plan_add"), filled)
    plan = Plan.objects.get()

    change = reverse("admin:billing_plan_change", args=[plan.pk])
    visitor.post(change, {**filled, "price": "35.00"})
    refused = visitor.post(change, {**filled, "currency": "£££"})

    assert Plan.objects.values_list("slug", "price", "currency").get() == ("basic", Decimal("35.00"), "GBP")
    assert errors_of(refused) == {"currency": ["Three capital letters."]}


def test_a_subscription_is_started_paid_for_refunded_and_cancelled(
    plan: Plan, subscriber: Subscriber, coupon: Coupon, visitor: Client
) -> None:
    start = {"subscriber": subscriber.pk, "plan": plan.pk, "trial_days": "7", "coupon": ""}
    visitor.post(reverse("admin:billing_subscription_add"), start)
    subscription = Subscription.objects.get()
    visitor.post(reverse("admin:billing_payment_add"), {"subscription": subscription.pk, "coupon": coupon.code})
    payment = Payment.objects.get()
    visitor.post(reverse("admin:billing_refund_add"), {"payment": payment.pk, "amount": "1.10", "reason": "Rain"})
    ticked = {"action": "cancel", "_selected_action": [subscription.pk]}
    visitor.post(reverse("admin:billing_subscription_changelist"), ticked)

    payment.refresh_from_db()
    subscription.refresh_from_db()
    assert (payment.amount, payment.discount, payment.refunded) == (Decimal("26.10"), Decimal("2.90"), Decimal("1.10"))
    assert subscription.status == "cancelled"


@pytest.mark.parametrize(
    ("page", "filled", "errors"),
    [
        ("payment", {"coupon": "NONE"}, {"coupon": ["There is no such coupon."]}),
        ("payment", {"amount": "0"}, {"amount": ["An amount is more than nothing, and below 100,000,000."]}),
        ("payment", {"amount": "x"}, {"amount": ["Enter a number."]}),
        ("subscription", {"trial_days": "7"}, {"__all__": ["There is a live subscription already."]}),
        ("subscription", {"trial_days": "0"}, {"trial_days": ["Ensure this value is greater than or equal to 1."]}),
        ("coupon", {"code": "A B"}, {"code": ["Letters, digits, - _."]}),
        (
            "coupon",
            {"code": "AB"},
            {name: ["Give either a percentage or an amount."] for name in ("percent", "amount")},
        ),
    ],
)
def test_what_a_service_refuses_is_said_beside_the_field(
    page: str, filled: dict[str, str], errors: dict[str, list[str]], subscription: Subscription, visitor: Client
) -> None:
    known = {
        "payment": {"subscription": subscription.pk},
        "subscription": {"subscriber": subscription.subscriber_id, "plan": subscription.plan_id},
        "coupon": {"per_subscriber_limit": "1", "valid_from_0": "2026-01-01", "valid_from_1": "12:00:00"},
    }

    response = visitor.post(reverse(f"admin:billing_{page}_add"), {**known[page], **filled})

    assert errors_of(response) == errors
    assert (Payment.objects.count(), Subscription.objects.count(), Coupon.objects.count()) == (0, 1, 0)


def test_a_coupon_is_added_and_ended(visitor: Client) -> None:
    filled = {"code": "SPRING", "percent": "20", "per_subscriber_limit": "1"}
    visitor.post(
        reverse("admin:billing_coupon_add"), {**filled, "valid_from_0": "2026-01-01", "valid_from_1": "12:00:00"}
    )
    coupon = Coupon.objects.get()

    visitor.post(reverse("admin:billing_coupon_changelist"), {"action": "end", "_selected_action": [coupon.pk]})

    coupon.refresh_from_db()
    assert (coupon.percent, coupon.valid_until is not None) == (20, True)


def test_a_payment_is_not_changed(subscription: Subscription, superuser: User, visitor: Client) -> None:
    payment = record_payment(subscription_id=subscription.pk, by=superuser)

    answer = visitor.post(reverse("admin:billing_payment_change", args=[payment.pk]), {"amount": "1.00"})

    payment.refresh_from_db()
    assert answer.status_code == 403
    assert payment.amount == Decimal("29.00")
