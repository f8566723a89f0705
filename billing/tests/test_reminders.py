from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection

from billing.events import SubscriptionEnding
from billing.models import Subscription
from billing.services.reminders import remind_of_ends
from billing.tasks import remind_subscribers
from core.events import with_it

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ANNOUNCED: list[SubscriptionEnding] = []
with_it(SubscriptionEnding)(ANNOUNCED.append)


@pytest.fixture
def announced():
    ANNOUNCED.clear()
    return ANNOUNCED


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


def test_what_ends_within_a_week_is_told_of_once(make_subscription, announced):
    soon = make_subscription("Soon", current_period_ends_at=NOON + 7 * DAY)
    later = make_subscription("Later", current_period_ends_at=NOON + 7 * DAY + timedelta(seconds=1))

    remind_subscribers.call_local()
    remind_subscribers.call_local()

    assert announced == [SubscriptionEnding(subscription_id=soon.pk, ends_at=NOON + 7 * DAY)]
    later.refresh_from_db()
    assert later.reminded_of is None


def test_a_new_period_is_told_of_anew(make_subscription, announced):
    subscription = make_subscription(current_period_ends_at=NOON + 3 * DAY)
    remind_of_ends()

    Subscription.objects.update(current_period_ends_at=NOON + 6 * DAY)

    assert remind_of_ends() == 1
    assert [told.ends_at for told in announced] == [NOON + 3 * DAY, NOON + 6 * DAY]
    assert {told.subscription_id for told in announced} == {subscription.pk}


@pytest.mark.parametrize("status", ["trial", "active"])
def test_trials_are_told_of_too(make_subscription, announced, status):
    make_subscription(status=status, current_period_ends_at=NOON + DAY)

    assert remind_of_ends() == 1


def test_what_is_over_or_not_paid_is_not_told_of(make_subscription, announced):
    make_subscription("Ended", current_period_ends_at=NOON)
    make_subscription("Past due", status="past_due", current_period_ends_at=NOON + DAY)
    make_subscription("Cancelled", status="cancelled", cancelled_at=NOON, current_period_ends_at=NOON + DAY)

    assert remind_of_ends() == 0
    assert announced == []


def test_what_costs_nothing_goes_on_unsaid(make_subscription, make_plan, announced):
    make_subscription(plan=make_plan("Free", price=0), current_period_ends_at=NOON + DAY)

    assert remind_of_ends() == 0


def test_those_that_end_first_are_told_of_first(make_subscription, announced, monkeypatch):
    monkeypatch.setattr("billing.services.reminders.AT_ONCE", 2)
    for days in (5, 1, 3):
        make_subscription(f"In {days}", current_period_ends_at=NOON + days * DAY)

    assert remind_of_ends() == 2
    assert [told.ends_at for told in announced] == [NOON + DAY, NOON + 3 * DAY]
    assert remind_of_ends() == 1


def test_a_reminder_that_cannot_be_queued_is_not_marked(make_subscription, announced):
    """It is told of again an hour later."""
    make_subscription(current_period_ends_at=NOON + DAY)
    refusals = [ValueError("the outbox is full")]

    @with_it(SubscriptionEnding)
    def refuse_once(event: SubscriptionEnding) -> None:
        if refusals:
            raise refusals.pop()

    with pytest.raises(ValueError, match="outbox"):
        remind_of_ends()

    assert Subscription.objects.get().reminded_of is None
    assert remind_of_ends() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_several_who_look_at_once_one_tells(make_subscription, announced):
    make_subscription(current_period_ends_at=NOON + DAY)
    barrier = Barrier(4)

    def look() -> None:
        barrier.wait()
        try:
            remind_of_ends()
        finally:
            connection.close()

    lookers = [Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()

    assert len(announced) == 1
