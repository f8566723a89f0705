"""Who changes a day's figures while others do waits for them, and counts what they stored."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Event

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import UserType
from accounts.services.standing import change_user_type
from analytics.models import DailyRollup
from analytics.services import close_days
from analytics.tests.histories import History
from billing.services.payments import record_payment

SECONDS = 60
WAITING = """SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"""
pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="elsewhere those that write wait for each other"),
]


@pytest.fixture
def on_the_day():
    return timezone.now() - timedelta(days=2)


@pytest.fixture
def history(on_the_day):
    """With two subscriptions to pay for, and two customers of the day."""
    history = History()
    history.subscription(on_the_day - timedelta(days=9), which=1)
    history.customer(on_the_day)
    history.customer(on_the_day)
    return history


@pytest.fixture
def acts(history, on_the_day, superuser):
    def pay(which):
        subscription = history.venues[which].subscriber.subscriptions.get()
        record_payment(subscription_id=subscription.pk, amount=Decimal("7.00"), paid_at=on_the_day, by=superuser)

    def become_another(which):
        change_user_type(user=history.guests[-1 - which], user_type=UserType.SUPPORT, by=superuser)

    return {
        "pay": lambda: pay(0),
        "pay for another": lambda: pay(1),
        "change": lambda: become_another(0),
        "change another": lambda: become_another(1),
        "close": close_days,
    }


def one_after_the_other(first, second):
    """The second begins while the first is done but not committed, which it is once the second waits for it."""
    is_done, may_commit = Event(), Event()

    def begin():
        try:
            with transaction.atomic():
                first()
                is_done.set()
                assert may_commit.wait(SECONDS)
        finally:
            is_done.set()
            connection.close()

    def follow():
        try:
            second()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        beginning = pool.submit(begin)
        assert is_done.wait(SECONDS)
        following = pool.submit(follow)
        try:
            until_somebody_waits(following)
        finally:
            may_commit.set()
        beginning.result(), following.result()


def until_somebody_waits(following):
    with connection.cursor() as cursor:
        while not following.done():
            cursor.execute(WAITING)
            if cursor.fetchone() != (0,):
                return


def stored(on_the_day, metric):
    rows = DailyRollup.objects.filter(day=on_the_day.date(), metric=metric)
    return {row.scope: row.value for row in rows.order_by("value")}


@pytest.mark.parametrize(
    ("first", "second", "cents"),
    [
        ("pay", "pay for another", {"platform": 1400, "venue": 700, "plan": 700}),
        ("pay", "close", {"platform": 700, "venue": 700, "plan": 700}),
        ("close", "pay", {"platform": 700, "venue": 700, "plan": 700}),
    ],
)
def test_no_payment_of_a_day_is_missed(acts, on_the_day, first, second, cents):
    if "close" not in (first, second):
        close_days()

    one_after_the_other(acts[first], acts[second])

    assert stored(on_the_day, "revenue") == cents


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [("change", "change another", 0), ("change", "close", 1), ("close", "change", 1)],
)
def test_nobody_who_is_no_customer_any_more_is_counted(acts, on_the_day, first, second, left):
    if "close" not in (first, second):
        close_days()

    one_after_the_other(acts[first], acts[second])

    assert stored(on_the_day, "customers") == {"platform": left}
