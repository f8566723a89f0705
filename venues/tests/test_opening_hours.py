from datetime import UTC, datetime, time

import pytest

from venues.models import OpeningHours, Venue
from venues.opening_hours import is_open_at

pytestmark = pytest.mark.django_db

MONDAY, SATURDAY, SUNDAY = 0, 5, 6


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def open_on(make_venue):
    def make(day, opens, closes, time_zone="UTC"):
        venue = make_venue(time_zone=time_zone)
        span = {"opens": time.fromisoformat(opens), "closes": time.fromisoformat(closes)}
        OpeningHours.objects.create(venue=venue, day=day, **span)
        return venue

    return make


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-02T08:59:59", False),
        ("2026-03-02T09:00:00", True),
        ("2026-03-02T16:59:59", True),
        ("2026-03-02T17:00:00", False),
        ("2026-03-03T12:00:00", False),
    ],
)
def test_open_from_opening_until_closing(open_on, at, expected):
    venue = open_on(MONDAY, "09:00", "17:00")

    assert is_open_at(venue, moment(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-01T16:59", False),
        ("2026-03-01T17:00", True),
        ("2026-03-02T01:59", True),
        ("2026-03-02T02:00", False),
        ("2026-03-01T01:00", False),
    ],
)
def test_span_past_midnight_belongs_to_the_day_it_began(open_on, at, expected):
    venue = open_on(SUNDAY, "17:00", "02:00")

    assert is_open_at(venue, moment(at)) is expected


def test_span_that_closes_as_it_opens_lasts_a_day(open_on):
    venue = open_on(MONDAY, "06:00", "06:00")

    assert [is_open_at(venue, moment(at)) for at in ("2026-03-02T06:00", "2026-03-03T05:59", "2026-03-03T06:00")] == [
        True,
        True,
        False,
    ]


def test_hours_are_of_the_venues_own_clock(open_on):
    venue = open_on(MONDAY, "09:00", "17:00", "Australia/Sydney")

    assert is_open_at(venue, moment("2026-03-01T22:00"))
    assert not is_open_at(venue, moment("2026-03-02T09:00"))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-24T23:59", True),
        ("2026-10-25T00:29", True),
        ("2026-10-25T00:31", False),
        ("2026-10-25T01:15", False),
    ],
)
def test_hour_that_the_clock_repeats_does_not_open_again(open_on, at, expected):
    """London goes from 02:00 back to 01:00 at 01:00 UTC: 01:15 UTC is 01:15 a second time."""
    venue = open_on(SATURDAY, "20:00", "01:30", "Europe/London")

    assert is_open_at(venue, moment(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [("2026-03-29T00:59", True), ("2026-03-29T01:29", True), ("2026-03-29T01:31", False), ("2026-03-29T02:00", False)],
)
def test_closing_in_the_hour_that_the_clock_skips_is_as_late_as_ever(open_on, at, expected):
    """London goes from 01:00 to 02:00 at 01:00 UTC: 01:30 never shows, and is half an hour later."""
    venue = open_on(SATURDAY, "20:00", "01:30", "Europe/London")

    assert is_open_at(venue, moment(at)) is expected


def test_without_hours_nobody_knows(make_venue):
    assert is_open_at(make_venue(), moment("2026-03-02T12:00")) is None


@pytest.mark.parametrize("status", [Venue.Status.SUSPENDED, Venue.Status.CLOSED])
def test_venue_that_does_not_serve_is_not_open(open_on, status):
    venue = open_on(MONDAY, "00:00", "00:00")
    venue.status = status

    assert is_open_at(venue, moment("2026-03-02T12:00")) is False
