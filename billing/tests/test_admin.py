from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.models import Membership, Tier
from billing.selectors import find_tier
from billing.services.memberships import grant_membership

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
