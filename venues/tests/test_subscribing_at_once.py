"""A venue is subscribed and closed from many threads that each have a database connection of their own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection

from activity.models import ActivityEntry
from billing.errors import AlreadySubscribed
from billing.models import Plan, Subscriber, Subscription
from billing.services.subscriptions import cancel_live_subscription, start_subscription
from venues.errors import VenueUnknown
from venues.models import Venue
from venues.services.subscriptions import subscribe_venue
from venues.services.venues import close_venue

THREADS = 12
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def at_once(acts):
    """Of what type each act's outcome was, and how often."""
    start = threading.Barrier(THREADS)

    def run(act):
        try:
            return type(act())
        except (AlreadySubscribed, VenueUnknown) as refusal:
            return type(refusal)
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(THREADS, initializer=start.wait) as pool:
        return Counter(pool.map(run, acts))


def test_a_venue_becomes_one_subscriber_with_one_subscription(venue, superuser):
    plan = Plan.objects.create(slug="basic", name="Basic", price=29, currency="GBP", period="month")

    outcomes = at_once([lambda: subscribe_venue(venue_id=venue.pk, plan_id=plan.pk, by=superuser)] * 30)

    assert outcomes == {Subscription: 1, AlreadySubscribed: 29}
    assert (Subscriber.objects.count(), Subscription.objects.count()) == (1, 1)
    assert ActivityEntry.objects.filter(type="subscription_started").count() == 1


def test_a_venue_closed_while_it_is_subscribed_has_no_live_subscription(make_venue, superuser):
    plan = Plan.objects.create(slug="basic", name="Basic", price=29, currency="GBP", period="month")
    venues = [make_venue(f"Venue {number}") for number in range(THREADS)]
    for venue in venues:
        subscribe_venue(venue_id=venue.pk, plan_id=plan.pk, by=superuser)
        cancel_live_subscription(subscriber_id=Venue.objects.get(pk=venue.pk).subscriber_id, by_id=superuser.pk)

    def acts(venue):
        subscriber, by = Subscriber.objects.get(venue=venue), {"by": superuser}
        yield partial(start_subscription, subscriber=subscriber, plan_id=plan.pk, **by)
        yield partial(close_venue, venue=venue, **by)
        yield partial(subscribe_venue, venue_id=venue.pk, plan_id=plan.pk, **by)

    at_once([act for venue in venues for act in acts(venue)])

    assert not Subscription.objects.filter(status__in=Subscription.LIVE).exists()
    assert set(Venue.objects.values_list("status", flat=True)) == {"closed"}
