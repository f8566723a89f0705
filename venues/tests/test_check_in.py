from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import User
from conftest import PASSWORD
from core.events import with_it
from venues.events import CheckedIn, CheckedOut
from venues.exports import presence_section, scans_section, visits_section
from venues.models import Presence, Scan, Visit
from venues.selectors import find_presence, presences_at, presences_of
from venues.services.presence import check_in_by_claim, check_in_by_scan
from venues.services.var_ids import name_var_id

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HERE, FAR = {"latitude": 51.5080, "longitude": -0.0938}, {"latitude": 51.5200, "longitude": -0.0938}
ANNOUNCED: list[object] = []
with_it(CheckedIn)(ANNOUNCED.append)
with_it(CheckedOut)(ANNOUNCED.append)


@pytest.fixture
def announced():
    ANNOUNCED.clear()
    return ANNOUNCED


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def place(make_venue, clock):
    """A venue whose place is known, with the var_id `v3`."""
    venue = make_venue("Luna", latitude=51.5074, longitude=-0.0938)
    name_var_id(venue=venue, value="v3")
    return venue


def test_check_in_answers_where_how_surely_and_until_when(as_user, customer, venue, named, clock, announced):
    response = as_user(customer).send("POST", "/venues/check-in/", {"var_id": "v1"})

    assert (response.status_code, response.json()) == (
        200,
        {
            "venue": {"id": venue.pk, "name": "The Anchor"},
            "certainty": "qr",
            "since": "2026-03-02T12:00:00Z",
            "until": "2026-03-02T18:00:00Z",
        },
    )
    assert list(Scan.objects.values_list("venue", "var_id", "user", "certainty", "scanned_at")) == [
        (venue.pk, named.pk, customer.pk, "qr", NOON)
    ]
    assert announced == [CheckedIn(user_id=customer.pk, venue_id=venue.pk, certainty="qr")]


@pytest.mark.parametrize(("where", "certainty"), [({}, "qr"), (HERE, "qr_geo"), (FAR, "qr")])
def test_phone_within_the_radius_makes_it_surer(as_user, customer, place, where, certainty):
    response = as_user(customer).send("POST", "/venues/check-in/", {"var_id": "v3", **where})

    assert response.json()["certainty"] == certainty
    assert Scan.objects.get().certainty == certainty


def test_phones_place_is_worth_nothing_where_the_venues_is_unknown(as_user, customer, venue, named):
    response = as_user(customer).send("POST", "/venues/check-in/", {"var_id": "v1", **HERE})

    assert response.json()["certainty"] == "qr"


@pytest.mark.parametrize("var_id", ["unknown", "V1", "ended"])
def test_var_id_that_is_not_current_is_refused(as_user, customer, venue, named, var_id):
    if var_id == "ended":
        named.valid_until = datetime(2026, 1, 1, tzinfo=UTC)
        named.save()

    response = as_user(customer).send("POST", "/venues/check-in/", {"var_id": "v1" if var_id == "ended" else var_id})

    message = "Unknown or expired var_id."
    assert (response.status_code, response.json()) == (
        400,
        {"error": message, "code": "var_id_invalid", "details": {"var_id": [message]}},
    )
    assert not Presence.objects.exists()
    assert not Scan.objects.exists()


def test_check_in_runs_out(customer, make_venue, clock):
    venue = make_venue(check_in_hours=2)
    check_in_by_claim(user=customer, venue_id=venue.pk)

    clock.shift(timedelta(hours=1, minutes=59, seconds=59))
    assert find_presence(customer).venue == venue
    clock.shift(timedelta(seconds=1))
    assert find_presence(customer) is None


def test_scanning_again_is_another_scan_and_the_same_longer_visit(customer, place, clock):
    check_in_by_scan(user=customer, var_id="v3")
    clock.shift(timedelta(hours=5))

    presence = check_in_by_scan(user=customer, var_id="v3")

    assert (presence.since, presence.until) == (NOON, NOON + timedelta(hours=11))
    assert (Scan.objects.count(), Visit.objects.count()) == (2, 1)


def test_coming_back_later_is_another_visit(customer, place, clock):
    check_in_by_scan(user=customer, var_id="v3")
    clock.shift(timedelta(hours=6))

    presence = check_in_by_scan(user=customer, var_id="v3")

    assert (presence.since, Visit.objects.count()) == (NOON + timedelta(hours=6), 2)


def test_claim_neither_weakens_nor_prolongs_what_a_scan_proved(customer, place, clock):
    check_in_by_scan(user=customer, var_id="v3")
    clock.shift(timedelta(hours=5))

    presence = check_in_by_claim(user=customer, venue_id=place.pk)

    assert (presence.certainty, presence.until) == ("qr", NOON + timedelta(hours=6))
    clock.shift(timedelta(hours=1))
    assert check_in_by_claim(user=customer, venue_id=place.pk).certainty == "claimed"


def test_scan_makes_a_claim_surer(customer, place):
    check_in_by_claim(user=customer, venue_id=place.pk)

    check_in_by_scan(user=customer, var_id="v3")

    assert find_presence(customer).certainty == "qr"
    assert Visit.objects.count() == 1


def test_customer_is_at_one_venue_at_a_time(customer, venue, place):
    check_in_by_scan(user=customer, var_id="v3")

    check_in_by_claim(user=customer, venue_id=venue.pk)

    presence = Presence.objects.get()
    assert (presence.venue, presence.certainty) == (venue, "claimed")
    assert presences_of([customer.pk]) == {(customer.pk, venue.pk)}


def test_check_out_ends_it_and_doing_so_twice_is_no_error(as_user, customer, venue, named, clock, announced):
    client = as_user(customer)
    client.send("POST", "/venues/check-in/", {"var_id": "v1"})

    first, again = (client.send("POST", "/venues/check-out/") for _ in range(2))

    for response in (first, again):
        assert (response.status_code, response.json()) == (200, {"message": "Checked out."})
    assert find_presence(customer) is None
    assert announced[1:] == [CheckedOut(user_id=customer.pk, venue_id=venue.pk)]


@pytest.mark.parametrize("count", [1, 3])
def test_who_is_there_is_read_in_one_query(make_user, venue, django_assert_num_queries, clock, count):
    for number in range(count):
        check_in_by_claim(user=make_user(f"guest{number}"), venue_id=venue.pk)
        clock.shift(timedelta(minutes=1))

    with django_assert_num_queries(1):
        names = [presence.user.customer_profile.name for presence in presences_at(venue, at=NOON)]

    assert names == [f"Guest{number}" for number in reversed(range(count))]


def test_person_may_see_what_venues_hold_on_them(customer, stranger, venue, named, clock):
    check_in_by_claim(user=stranger, venue_id=venue.pk)
    check_in_by_scan(user=customer, var_id="v1")

    assert presence_section(customer) == {
        "venue": "The Anchor",
        "certainty": "qr",
        "since": NOON,
        "until": NOON + timedelta(hours=6),
    }
    assert visits_section(customer) == [{"venue": "The Anchor", "certainty": "qr", "started_at": NOON}]
    assert scans_section(customer) == [{"venue": "The Anchor", "var_id": "v1", "certainty": "qr", "scanned_at": NOON}]
    assert (scans_section(stranger), presence_section(stranger)["certainty"]) == ([], "claimed")


def test_export_has_these_sections(as_user, customer, named):
    check_in_by_scan(user=customer, var_id="v1")

    export = as_user(customer).get("/customers/me/export/").json()

    assert export["presence"]["venue"] == "The Anchor"
    assert [row["certainty"] for row in export["visits"] + export["scans"]] == ["qr", "qr"]


def test_whoever_leaves_the_platform_is_nowhere_and_the_venues_figures_stay(as_user, customer, named):
    check_in_by_scan(user=customer, var_id="v1")

    response = as_user(customer).send("DELETE", "/customers/me/", {"password": PASSWORD})

    assert response.status_code == 204
    assert not Presence.objects.exists()
    assert (Scan.objects.count(), Visit.objects.count()) == (1, 1)
    assert not User.objects.get(pk=customer.pk).is_active
