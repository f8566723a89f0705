"""What the owner of a venue finds in their inbox."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import Plan, Subscription
from billing.services.subscriptions import cancel_subscription, settle_periods_that_ended
from notifications.models import Notification
from venues.models import Venue
from venues.services.subscriptions import subscribe_venue
from venues.services.venues import change_venue_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def venue(owner):
    return Venue.objects.create(name="The Anchor", owner=owner)


@pytest.fixture
def subscription(venue, superuser):
    plan = Plan.objects.create(slug="plus", name="Plus", price=Decimal("29.00"), currency="GBP", period="month")
    return subscribe_venue(venue_id=venue.pk, plan_id=plan.pk, by=superuser)


def told():
    return list(Notification.objects.order_by("pk").values_list("recipient", "actor", "kind", "message", "details"))


def test_they_are_told_when_the_platform_suspends_their_venue_and_when_it_opens_it_again(venue, owner, superuser):
    for status in ("suspended", "suspended", "active"):
        change_venue_status(venue=venue, status=status, by=superuser)

    about = {"venue_id": venue.pk}
    assert told() == [
        (owner.pk, None, "venue_status", "The Anchor is suspended now", about),
        (owner.pk, None, "venue_status", "The Anchor is active now", about),
    ]


def test_they_are_not_told_of_what_they_did(venue, owner):
    change_venue_status(venue=venue, status="closed", by=owner)

    assert told() == []


def test_nobody_is_told_of_what_is_nobodys(venue, superuser):
    Venue.objects.update(owner=None)

    change_venue_status(venue=venue, status="suspended", by=superuser)

    assert told() == []


def test_they_are_told_that_a_subscription_is_past_due_and_that_it_is_cancelled(venue, subscription, owner, superuser):
    now = timezone.now()
    Subscription.objects.update(starts_at=now - timedelta(days=2), current_period_ends_at=now - timedelta(days=1))

    settle_periods_that_ended()
    settle_periods_that_ended()
    cancel_subscription(subscription_id=subscription.pk, by=superuser)

    about = {"venue_id": venue.pk, "subscription_id": subscription.pk}
    assert told() == [
        (owner.pk, None, "subscription_status", "Your subscription for The Anchor is past due now", about),
        (owner.pk, None, "subscription_status", "Your subscription for The Anchor is cancelled now", about),
    ]
