"""The owner of a venue whose subscription ends is told by mail."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail

from billing.models import Plan, Subscription
from billing.services.reminders import remind_of_ends
from notifications.models import OutboxMail
from venues.models import Venue
from venues.services.subscriptions import subscribe_venue

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def plan(db):
    return Plan.objects.create(slug="plus", name="Plus", price=Decimal("29.00"), currency="GBP", period="month")


@pytest.fixture
def ending(owner, plan, superuser):
    venue = Venue.objects.create(name="Fish & Chips", owner=owner)
    return subscribe_venue(venue_id=venue.pk, plan_id=plan.pk, trial_days=5, by=superuser)


def test_the_owner_is_told_what_ends_when_and_what_it_takes_to_go_on(ending, owner, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        remind_of_ends()
        remind_of_ends()

    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([owner.email], "Your subscription for Fish & Chips ends on 6 March")
    assert "the free trial of Plus for Fish & Chips\nends on 6 March 2026, 12:00 UTC." in sent.body
    assert "please pay for the next month: 29.00 GBP." in sent.body
    html = sent.alternatives[0].content
    assert "<strong>Fish &amp; Chips</strong> ends on 6 March 2026, 12:00 UTC." in html
    stored = OutboxMail.objects.get()
    assert (stored.user, stored.expires_at) == (owner, NOON + timedelta(days=5))


def test_a_paid_period_is_called_so(ending, django_capture_on_commit_callbacks):
    Subscription.objects.update(status="active")

    with django_capture_on_commit_callbacks(execute=True):
        remind_of_ends()

    assert "the paid period of Plus for Fish & Chips" in mail.outbox[0].body


@pytest.mark.parametrize("nobody", ["no owner", "no address", "left"])
def test_where_there_is_nobody_to_write_to_none_is_written(ending, owner, nobody):
    if nobody == "no owner":
        Venue.objects.update(owner=None)
    elif nobody == "no address":
        type(owner).objects.filter(pk=owner.pk).update(email="")
    else:
        type(owner).objects.filter(pk=owner.pk).update(is_active=False)

    assert remind_of_ends() == 1
    assert not OutboxMail.objects.exists()
