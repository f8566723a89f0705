"""A venue that closes is billed no longer, whoever closes it and wherever."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse

from activity.models import ActivityEntry
from billing.models import Plan, Subscription
from billing.selectors import live_subscriptions
from billing.services.reminders import remind_of_ends
from notifications.models import OutboxMail
from venues.services.subscriptions import subscribe_venue
from venues.services.venues import change_venue_status, close_venue

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBSCRIPTIONS, PAYMENTS = "/superuser/subscriptions/", "/superuser/payments/"


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def plan(db):
    return Plan.objects.create(slug="basic", name="Basic", price=Decimal("29.00"), currency="GBP", period="month")


@pytest.fixture
def trial(venue, plan, superuser):
    """Short enough to be reminded of."""
    return subscribe_venue(venue_id=venue.pk, plan_id=plan.pk, trial_days=5, by=superuser)


def delete(venue, client, visitor):
    return client.delete(f"/venues/{venue.pk}/")


def change(venue, client, visitor):
    return client.send("PATCH", f"/venues/{venue.pk}/", {"status": "closed"})


def select_in_the_admin(venue, client, visitor):
    return visitor.post(reverse("admin:venues_venue_changelist"), {"action": "close", "_selected_action": [venue.pk]})


@pytest.mark.parametrize("close", [delete, change, select_in_the_admin])
def test_closing_a_venue_cancels_its_subscription(close, venue, trial, superuser, as_user, visitor):
    close(venue, as_user(superuser), visitor)

    entries = ActivityEntry.objects.filter(type="subscription_status_changed")
    trial.refresh_from_db()
    assert (trial.status, trial.cancelled_at) == ("cancelled", NOON)
    assert not live_subscriptions().exists()
    assert list(entries.values_list("actor__username", "summary", "target_id")) == [
        ("root", "The subscription of The Anchor went from trial to cancelled", str(trial.pk))
    ]


def test_suspending_a_venue_leaves_its_subscription(venue, trial, superuser):
    change_venue_status(venue=venue, status="suspended", by=superuser)

    trial.refresh_from_db()
    assert trial.status == "trial"


def test_a_venue_without_a_live_subscription_is_closed_all_the_same(as_user, owner, make_venue, plan, superuser):
    never, over = make_venue("Never"), make_venue("Over")
    ended = subscribe_venue(venue_id=over.pk, plan_id=plan.pk, by=superuser)
    as_user(superuser).send("POST", f"{SUBSCRIPTIONS}{ended.pk}/cancel/")

    answers = [as_user(owner).delete(f"/venues/{venue.pk}/").status_code for venue in (never, over, over)]

    assert answers == [204, 204, 204]
    assert ActivityEntry.objects.filter(type="subscription_status_changed").count() == 1


def test_nobody_is_reminded_of_a_closed_venues_subscription(venue, trial, owner):
    close_venue(venue=venue, by=owner)

    assert remind_of_ends() == 0
    assert not OutboxMail.objects.exists()


def test_a_closed_venue_pays_nothing_and_is_not_subscribed(venue, trial, plan, superuser, as_user, visitor):
    close_venue(venue=venue, by=superuser)
    client = as_user(superuser)

    paid = client.send("POST", PAYMENTS, {"subscription": trial.pk})
    subscribed = client.send("POST", SUBSCRIPTIONS, {"venue": venue.pk, "plan": plan.pk})
    filled = {"subscriber": trial.subscriber_id, "plan": plan.pk, "trial_days": 14}
    added = visitor.post(reverse("admin:billing_subscription_add"), filled)

    assert (paid.status_code, paid.json()["code"]) == (409, "subscription_cancelled")
    assert (subscribed.status_code, subscribed.json()["code"]) == (400, "venue_unknown")
    assert added.context["adminform"].form.errors == {"__all__": ["No venue that is open has this id."]}
    assert Subscription.objects.count() == 1


def test_a_venue_that_opens_again_is_subscribed_anew(venue, trial, plan, superuser, as_user):
    client = as_user(superuser)
    close_venue(venue=venue, by=superuser)
    change_venue_status(venue=venue, status="active", by=superuser)
    trial.refresh_from_db()
    reopened = trial.status

    again = client.send("POST", SUBSCRIPTIONS, {"venue": venue.pk, "plan": plan.pk})

    assert (reopened, again.status_code, again.json()["status"]) == ("cancelled", 201, "trial")


def test_where_closing_is_rolled_back_the_subscription_goes_on(venue, trial, owner):
    with transaction.atomic():
        close_venue(venue=venue, by=owner)
        transaction.set_rollback(True)

    trial.refresh_from_db()
    assert trial.status == "trial"
