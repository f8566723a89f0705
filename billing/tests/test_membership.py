from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from billing.errors import MembershipOver, TierUnknown
from billing.models import Membership
from billing.selectors import find_tier
from billing.services.memberships import end_membership, grant_membership

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def facts(user) -> dict:
    return Membership.objects.values("tier", "started_at", "ends_at").get(user=user)


def test_nobody_is_a_member_by_birth(customer):
    assert find_tier(customer) is None


def test_granted_membership_lasts_until_it_is_ended(customer):
    grant_membership(user=customer, tier="plus")
    granted = find_tier(customer)

    end_membership(user=customer)

    assert granted == "plus"
    assert find_tier(customer) is None


def test_membership_runs_out(customer):
    with time_machine.travel(NOON, tick=False):
        grant_membership(user=customer, tier="premium", ends_at=NOON + HOUR)
        assert find_tier(customer) == "premium"

    with time_machine.travel(NOON + HOUR, tick=False):
        assert find_tier(customer) is None


def test_member_who_changes_tier_keeps_the_day_they_started(customer):
    with time_machine.travel(NOON, tick=False):
        grant_membership(user=customer, tier="basic")
    with time_machine.travel(NOON + HOUR, tick=False):
        grant_membership(user=customer, tier="premium")

    assert facts(customer) == {"tier": "premium", "started_at": NOON, "ends_at": None}


def test_member_who_comes_back_starts_anew(customer):
    with time_machine.travel(NOON, tick=False):
        grant_membership(user=customer, tier="basic")
        end_membership(user=customer)
    with time_machine.travel(NOON + HOUR, tick=False):
        grant_membership(user=customer, tier="basic")

    assert facts(customer) == {"tier": "basic", "started_at": NOON + HOUR, "ends_at": None}


def test_ending_a_membership_that_is_over_changes_nothing(customer, stranger):
    with time_machine.travel(NOON, tick=False):
        grant_membership(user=customer, tier="basic", ends_at=NOON + HOUR)
    with time_machine.travel(NOON + 2 * HOUR, tick=False):
        end_membership(user=customer)
        end_membership(user=stranger)

    assert facts(customer)["ends_at"] == NOON + HOUR
    assert Membership.objects.count() == 1


def test_unknown_tier_is_refused(customer):
    with pytest.raises(TierUnknown) as refusal:
        grant_membership(user=customer, tier="gold")

    assert refusal.value.fields == {"tier": ["There is no such membership tier."]}
    assert find_tier(customer) is None


def test_membership_that_is_over_already_is_refused(customer):
    with pytest.raises(MembershipOver) as refusal:
        grant_membership(user=customer, tier="basic", ends_at=timezone.now())

    assert refusal.value.fields == {"ends_at": ["A membership must end in the future."]}
    assert find_tier(customer) is None
