"""One customer's phone checks in at several places at once, each from a thread with a connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from venues.models import Presence, Scan, Visit
from venues.services.presence import check_in_by_scan
from venues.services.var_ids import name_var_id

PHONES = 12
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def check_in_at_once(user, var_ids):
    start = Barrier(len(var_ids))

    def run(var_id):
        start.wait()
        try:
            check_in_by_scan(user=user, var_id=var_id)
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(len(var_ids)) as pool:
        list(pool.map(run, var_ids))


def test_one_venue_many_times_is_one_visit_and_every_scan_counts(customer, named):
    check_in_at_once(customer, ["v1"] * PHONES)

    assert (Presence.objects.count(), Visit.objects.count(), Scan.objects.count()) == (1, 1, PHONES)


def test_two_venues_leave_the_customer_at_the_one_of_the_last_visit(customer, named, make_venue):
    name_var_id(venue=make_venue("Other"), value="v2")

    check_in_at_once(customer, ["v1", "v2"] * (PHONES // 2))

    assert Presence.objects.get().venue_id == Visit.objects.order_by("started_at").last().venue_id
    assert Scan.objects.count() == PHONES
