from datetime import time

import pytest
import time_machine
from django.db import IntegrityError, transaction

from core.events import with_it
from venues.events import VenueCreated, VenueStatusChanged
from venues.models import OpeningHours, Venue

pytestmark = pytest.mark.django_db

NOW = "2026-03-06T20:00:00Z"
MINIMUM = {"name": "Venue xyc", "qr_settings": {"qr_gen_frequency_hours": 24}}
WHOLE = {
    "name": "The Anchor",
    "kind": "bar",
    "status": "active",
    "address": "34 Park Street, London",
    "latitude": 51.5074,
    "longitude": -0.0938,
    "time_zone": "Europe/London",
    "contact_name": "Olive Hart",
    "contact_email": "olive@example.com",
    "contact_phone": "+44 20 7946 0000",
    "opening_hours": [{"day": "friday", "opens": "17:00", "closes": "02:00"}],
    "qr_settings": {"qr_gen_frequency_hours": 12},
    "check_in_hours": 4,
    "radius_meters": 80,
}
ANNOUNCED: list[object] = []
with_it(VenueCreated)(ANNOUNCED.append)
with_it(VenueStatusChanged)(ANNOUNCED.append)


@pytest.fixture
def announced():
    ANNOUNCED.clear()
    return ANNOUNCED


@time_machine.travel(NOW, tick=False)
def test_owner_makes_a_venue_from_the_documents_minimum(as_user, owner, announced):
    response = as_user(owner).send("POST", "/venues/", MINIMUM)

    made = Venue.objects.get()
    assert (response.status_code, response.json()) == (
        201,
        {
            "id": made.pk,
            "name": "Venue xyc",
            "kind": "pub",
            "status": "active",
            "owner": owner.pk,
            "address": "",
            "latitude": None,
            "longitude": None,
            "time_zone": "UTC",
            "contact_name": "",
            "contact_email": "",
            "contact_phone": "",
            "opening_hours": [],
            "is_open": None,
            "qr_settings": {"qr_gen_frequency_hours": 24},
            "check_in_hours": 6,
            "radius_meters": 150,
            "created_at": NOW,
            "updated_at": NOW,
        },
    )
    assert announced == [VenueCreated(venue_id=made.pk, by_id=owner.pk)]


@time_machine.travel(NOW, tick=False)
def test_everything_said_of_a_venue_is_kept_and_shown(as_user, owner, customer):
    made = as_user(owner).send("POST", "/venues/", WHOLE).json()

    shown = as_user(customer).get(f"/venues/{made['id']}/")

    facts = {"id": made["id"], "owner": owner.pk, "is_open": True, "created_at": NOW, "updated_at": NOW}
    assert (shown.status_code, shown.json()) == (200, WHOLE | facts)
    assert made == shown.json()


def test_superusers_venue_belongs_to_nobody_or_to_whom_they_name(as_user, superuser, owner):
    nobodys = as_user(superuser).send("POST", "/venues/", MINIMUM).json()
    olgas = as_user(superuser).send("POST", "/venues/", {**MINIMUM, "owner": owner.pk}).json()

    assert (nobodys["owner"], olgas["owner"]) == (None, owner.pk)


@pytest.mark.parametrize("whose", ["customer", "superuser", "unknown", "inactive"])
def test_venue_is_given_to_active_venue_owners_only(as_user, superuser, customer, owner, whose):
    if whose == "inactive":
        owner.is_active = False
        owner.save()
    given = {"customer": customer.pk, "superuser": superuser.pk, "unknown": 2**31, "inactive": owner.pk}[whose]

    response = as_user(superuser).send("POST", "/venues/", {**MINIMUM, "owner": given})

    assert (response.status_code, response.json()) == (
        400,
        {
            "error": "No active venue owner has this id.",
            "code": "owner_unknown",
            "details": {"owner": ["No active venue owner has this id."]},
        },
    )
    assert not Venue.objects.exists()


def test_owner_can_neither_give_a_venue_away_nor_make_one_for_another(as_user, owner, other_owner, venue):
    made = as_user(owner).send("POST", "/venues/", {**MINIMUM, "owner": other_owner.pk})
    given = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"owner": other_owner.pk})
    left = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"owner": None})
    kept = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"owner": owner.pk})

    refusal = {"error": "Only a superuser may say whose venue this is.", "code": "owner_not_yours"}
    for response in (made, given, left):
        assert (response.status_code, response.json()) == (403, refusal)
    assert kept.status_code == 200
    assert list(Venue.objects.values_list("pk", "owner_id")) == [(venue.pk, owner.pk)]


def test_superuser_moves_a_venue_to_another_owner(as_user, superuser, owner, other_owner, venue):
    response = as_user(superuser).send("PATCH", f"/venues/{venue.pk}/", {"owner": other_owner.pk})

    assert response.json()["owner"] == other_owner.pk
    assert as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"name": "Mine"}).status_code == 404


def test_put_asks_for_the_minimum_and_leaves_the_rest(as_user, owner, make_venue):
    venue = make_venue(address="34 Park Street", kind="bar")

    without = as_user(owner).send("PUT", f"/venues/{venue.pk}/", {"name": "New"})
    replaced = as_user(owner).send("PUT", f"/venues/{venue.pk}/", MINIMUM)

    assert (without.status_code, without.json()["details"]) == (400, {"qr_settings": ["This field is required."]})
    assert replaced.status_code == 200
    venue.refresh_from_db()
    assert (venue.name, venue.address, venue.kind) == ("Venue xyc", "34 Park Street", "bar")


def test_patch_changes_what_it_names(as_user, owner, venue):
    response = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"qr_settings": {"qr_gen_frequency_hours": 2}})

    assert (response.status_code, response.json()["qr_settings"]) == (200, {"qr_gen_frequency_hours": 2})
    assert response.json()["name"] == "The Anchor"


def test_what_the_server_decides_cannot_be_sent(as_user, owner, venue):
    sent = {"id": 99, "created_at": "2020-01-01T00:00:00Z", "held_by_platform": True, "is_open": True}
    before = Venue.objects.values("id", "created_at", "held_by_platform").get()

    response = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", sent)

    assert response.status_code == 200
    assert Venue.objects.values("id", "created_at", "held_by_platform").get() == before


def test_opening_hours_are_replaced_as_a_whole(as_user, owner, venue):
    OpeningHours.objects.create(venue=venue, day=0, opens=time(9), closes=time(17))
    spans = [
        {"day": "tuesday", "opens": "09:00", "closes": "12:00"},
        {"day": "tuesday", "opens": "13:00", "closes": "00:00"},
    ]

    response = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"opening_hours": spans})

    assert response.json()["opening_hours"] == spans
    assert OpeningHours.objects.count() == 2


def test_repeated_opening_hours_are_refused_and_the_old_ones_stay(as_user, owner, venue):
    OpeningHours.objects.create(venue=venue, day=0, opens=time(9), closes=time(17))
    spans = [
        {"day": "tuesday", "opens": "09:00", "closes": "12:00"},
        {"day": "tuesday", "opens": "09:00", "closes": "13:00"},
    ]

    response = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"opening_hours": spans, "name": "New"})

    message = "Two spans of one day open at the same time."
    assert (response.status_code, response.json()) == (
        400,
        {"error": message, "code": "opening_hours_repeated", "details": {"opening_hours": [message]}},
    )
    assert list(OpeningHours.objects.values_list("day", flat=True)) == [0]
    assert Venue.objects.get().name == "The Anchor"


def test_half_a_place_is_refused(as_user, owner, make_venue):
    venue = make_venue(latitude=51.5, longitude=-0.1)

    response = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"latitude": None})

    assert (response.status_code, response.json()["code"]) == (400, "place_incomplete")
    venue.refresh_from_db()
    assert venue.latitude == 51.5


@pytest.mark.parametrize("place", [(51.5, None), (None, 0.1), (91, 0), (0, 181)])
def test_database_holds_no_half_or_impossible_place(make_venue, place):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_venue(latitude=place[0], longitude=place[1])


def test_deleting_closes_and_keeps_history(as_user, owner, superuser, customer, other_owner, venue, announced):
    deleted = as_user(owner).delete(f"/venues/{venue.pk}/")
    again = as_user(owner).delete(f"/venues/{venue.pk}/")

    assert (deleted.status_code, deleted.content, again.status_code) == (204, b"", 204)
    for user, status in ((customer, 404), (other_owner, 404), (owner, 200), (superuser, 200)):
        shown = as_user(user).get(f"/venues/{venue.pk}/")
        assert shown.status_code == status
        assert status == 404 or (shown.json()["status"], shown.json()["is_open"]) == ("closed", False)
        assert [row["id"] for row in as_user(user).get("/venues/").json()] == ([venue.pk] if status == 200 else [])
    assert announced == [VenueStatusChanged(venue_id=venue.pk, old="active", new="closed", by_id=owner.pk)]


def test_owner_opens_again_what_they_closed(as_user, owner, venue):
    as_user(owner).delete(f"/venues/{venue.pk}/")

    response = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"status": "active"})

    assert (response.status_code, response.json()["status"]) == (200, "active")


@pytest.mark.parametrize("held", ["suspended", "closed"])
def test_owner_cannot_undo_what_a_superuser_did(as_user, owner, superuser, venue, held):
    as_user(superuser).send("PATCH", f"/venues/{venue.pk}/", {"status": held})
    others = [status for status in Venue.Status.values if status != held]

    refused = [as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"status": status}) for status in others]
    renamed = as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"name": "New", "status": held})

    message = "The platform set this venue's status, and only the platform may change it."
    for response in refused:
        assert (response.status_code, response.json()) == (403, {"error": message, "code": "status_held"})
    assert (renamed.status_code, renamed.json()["status"], renamed.json()["name"]) == (200, held, "New")
    lifted = as_user(superuser).send("PATCH", f"/venues/{venue.pk}/", {"status": "active"})
    assert lifted.json()["status"] == "active"
    assert as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"status": "suspended"}).status_code == 200


def test_repeated_idempotency_key_makes_one_venue(as_user, owner):
    client = as_user(owner)

    first, again = (client.send("POST", "/venues/", MINIMUM, headers={"Idempotency-Key": "k1"}) for _ in range(2))

    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert Venue.objects.count() == 1
