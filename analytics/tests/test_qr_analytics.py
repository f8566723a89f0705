from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from venues.models import Venue
from venues.services.presence import check_in_by_scan
from venues.services.var_ids import name_var_id

NOW = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def venue(owner):
    with time_machine.travel(NOW - timedelta(days=100), tick=False):
        venue = Venue.objects.create(name="The Anchor", owner=owner, time_zone="Europe/London")
        name_var_id(venue=venue, value="anchor")
    return venue


def scan(user, at):
    with time_machine.travel(at, tick=False):
        check_in_by_scan(user=user, var_id="anchor")


def analytics(as_user, owner, venue):
    with time_machine.travel(NOW, tick=False):
        return as_user(owner).get(f"/qr-analytics/{venue.pk}/").json()


def test_days_and_hours_without_scans_are_there_too(as_user, owner, venue):
    body = analytics(as_user, owner, venue)

    assert body["scans_by_day"][0] == {"date": "2026-03-12", "scans": 0, "visitors": 0}
    assert body["scans_by_day"][-1] == {"date": "2026-04-10", "scans": 0, "visitors": 0}
    assert len(body["scans_by_day"]) == 30
    assert body["scans_by_hour"] == [{"hour": hour, "scans": 0} for hour in range(24)]
    assert (body["total_scans"], body["unique_visitors"], body["returning_visitors"]) == (0, 0, 0)
    assert body["last_scanned_at"] is None
    assert body["var_ids"] == [
        {"var_id": "anchor", "valid_from": "2025-12-31T12:00:00Z", "valid_until": None, "scans": 0}
    ]


def test_scans_fall_on_the_venues_own_days_and_hours_across_a_clock_change(as_user, owner, customer, stranger, venue):
    # London put its clocks forward on 29 March 2026 at 01:00 UTC.
    scan(customer, datetime(2026, 3, 28, 23, 30, tzinfo=UTC))
    scan(customer, datetime(2026, 3, 29, 23, 30, tzinfo=UTC))
    scan(stranger, datetime(2026, 3, 29, 23, 40, tzinfo=UTC))

    body = analytics(as_user, owner, venue)

    busy = [day for day in body["scans_by_day"] if day["scans"]]
    assert busy == [
        {"date": "2026-03-28", "scans": 1, "visitors": 1},
        {"date": "2026-03-30", "scans": 2, "visitors": 2},
    ]
    assert [hour for hour in body["scans_by_hour"] if hour["scans"]] == [
        {"hour": 0, "scans": 2},
        {"hour": 23, "scans": 1},
    ]


def test_a_returning_visitor_came_on_more_than_one_day(as_user, owner, customer, stranger, venue):
    for days_ago in (80, 3, 3):
        scan(customer, NOW - timedelta(days=days_ago))
    for _ in range(2):
        scan(stranger, NOW - timedelta(days=2))

    body = analytics(as_user, owner, venue)

    assert (body["total_scans"], body["unique_visitors"], body["returning_visitors"]) == (5, 2, 1)
    assert body["last_scanned_at"] == "2026-04-08T12:00:00Z"
    assert sum(day["scans"] for day in body["scans_by_day"]) == 4


@pytest.mark.parametrize("scans", [1, 3])
def test_analytics_take_the_same_queries_however_many_scans(
    as_user, owner, make_user, venue, scans, django_assert_num_queries
):
    for number in range(scans):
        scan(make_user(f"guest{number}"), NOW - timedelta(hours=number))
    with time_machine.travel(NOW, tick=False):
        client = as_user(owner)

        with django_assert_num_queries(7):
            client.get(f"/qr-analytics/{venue.pk}/")
