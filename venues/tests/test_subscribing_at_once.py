"""A venue's first subscription, asked for from many threads that each have a database connection of their own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from activity.models import ActivityEntry
from billing.errors import AlreadySubscribed
from billing.models import Plan, Subscriber, Subscription
from venues.services.subscriptions import subscribe_venue

THREADS = 12
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_a_venue_becomes_one_subscriber_with_one_subscription(venue, superuser):
    plan = Plan.objects.create(slug="basic", name="Basic", price=29, currency="GBP", period="month")
    start = threading.Barrier(THREADS)

    def subscribe(_):
        try:
            return type(subscribe_venue(venue_id=venue.pk, plan_id=plan.pk, by=superuser))
        except AlreadySubscribed as refusal:
            return type(refusal)
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(THREADS, initializer=start.wait) as pool:
        outcomes = Counter(pool.map(subscribe, range(30)))

    assert outcomes == {Subscription: 1, AlreadySubscribed: 29}
    assert (Subscriber.objects.count(), Subscription.objects.count()) == (1, 1)
    assert ActivityEntry.objects.filter(type="subscription_started").count() == 1
