"""The owner of a venue whose subscription ends is told, by mail and in their inbox."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail

from billing.models import Plan, Subscription
from billing.services.reminders import remind_of_ends
from notifications.models import Notification, OutboxMail
from notifications.services.preferences import prefer
from notifications.tasks import sweep_reminders
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


def test_it_is_in_their_inbox_as_well_and_mailed_only_so(ending, owner, as_user, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        remind_of_ends()
    with time_machine.travel(NOON + timedelta(hours=1)), django_capture_on_commit_callbacks(execute=True):
        sweep_reminders()

    told = Notification.objects.get()
    assert as_user(owner).get("/api/notifications/").json()["data"] == [
        {
            "id": told.pk,
            "kind": "subscription_ending",
            "message": "Your subscription for Fish & Chips ends on 6 March",
            "details": {"venue_id": Venue.objects.get().pk, "subscription_id": ending.pk},
            "created_at": "2026-03-01T12:00:00Z",
            "read_at": None,
        }
    ]
    assert (len(mail.outbox), told.mailed_at, told.email_due_at) == (1, NOON, None)


@pytest.mark.parametrize(("channel", "in_app", "mails"), [("email", [True], 0), ("in_app", [False], 1)])
def test_they_are_told_as_they_want(ending, owner, channel, in_app, mails):
    prefer(kind="subscription_ending", channel=channel, enabled=False, by=owner)

    remind_of_ends()

    assert list(Notification.objects.values_list("in_app", flat=True)) == in_app
    assert (OutboxMail.objects.count(), Notification.objects.exclude(email_due_at=None).count()) == (mails, 0)


def test_each_period_that_ends_is_told_of(ending, owner):
    remind_of_ends()
    Subscription.objects.update(current_period_ends_at=NOON + timedelta(days=6))

    remind_of_ends()

    assert (Notification.objects.filter(recipient=owner).count(), OutboxMail.objects.count()) == (2, 2)
