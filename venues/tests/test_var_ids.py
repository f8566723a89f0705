import base64
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from venues.errors import VarIdNotCurrent, VarIdTaken, VarIdUnusable, VenueNotServing
from venues.models import VarId
from venues.qr_codes import qr_svg
from venues.selectors import get_current_var_id
from venues.services.var_ids import end_named_var_id, generate_var_id, name_var_id, show_var_id

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def opens(value):
    try:
        return get_current_var_id(value).value == value
    except VarIdNotCurrent:
        return False


def test_generating_answers_the_code_and_what_it_says(as_user, owner, venue, clock, settings):
    response = as_user(owner).send("POST", f"/venues/{venue.pk}/generate-var-id/")

    made = VarId.objects.get()
    assert (response.status_code, response.json()) == (
        200,
        {
            "var_id": made.value,
            "valid_from": "2026-03-02T12:00:00Z",
            "valid_until": "2026-03-03T12:00:00Z",
            "url": f"{settings.PUBLIC_URL}/v/{made.value}",
            "qr_svg": qr_svg(made.value),
        },
    )


def test_var_ids_have_at_least_64_random_bits_and_differ(venue, owner):
    values = {generate_var_id(venue=venue, by=owner).value for _ in range(50)}

    assert len(values) == 50
    assert all(len(base64.urlsafe_b64decode(value)) * 8 >= 64 for value in values)


def test_replaced_var_id_serves_ten_minutes_more(venue, owner, clock):
    old = generate_var_id(venue=venue, by=owner)
    clock.shift(timedelta(hours=1))
    new = generate_var_id(venue=venue, by=owner)

    clock.shift(timedelta(minutes=9, seconds=59))
    assert (opens(old.value), opens(new.value)) == (True, True)
    clock.shift(timedelta(seconds=1))
    assert (opens(old.value), opens(new.value)) == (False, True)


def test_being_replaced_prolongs_nothing(venue, owner, clock):
    old = generate_var_id(venue=venue, by=owner)
    clock.shift(timedelta(hours=23, minutes=55))

    generate_var_id(venue=venue, by=owner)

    clock.shift(timedelta(minutes=5))
    assert not opens(old.value)


def test_var_id_ends_after_the_venues_frequency(make_venue, clock):
    venue = make_venue(qr_gen_frequency_hours=2)
    shown = show_var_id(venue=venue)

    clock.shift(timedelta(hours=1, minutes=59, seconds=59))
    assert opens(shown.value)
    clock.shift(timedelta(seconds=1))
    assert not opens(shown.value)


def test_screen_shows_the_same_until_too_little_of_it_is_left_to_use(venue, clock):
    first = show_var_id(venue=venue)
    clock.shift(timedelta(hours=23, minutes=49, seconds=59))
    same = show_var_id(venue=venue)
    clock.shift(timedelta(seconds=1))
    second = show_var_id(venue=venue)

    assert (same, second == first) == (first, False)
    assert (opens(first.value), opens(second.value)) == (True, True)
    assert second.valid_until == NOON + timedelta(hours=47, minutes=50)


def test_next_one_is_made_when_it_is_asked_for(venue, clock):
    show_var_id(venue=venue)
    clock.shift(timedelta(days=30))

    assert VarId.objects.count() == 1
    made = show_var_id(venue=venue)

    assert (VarId.objects.count(), made.valid_from) == (2, NOON + timedelta(days=30))


def test_higher_frequency_ends_what_is_shown_sooner(as_user, owner, venue, clock):
    shown = show_var_id(venue=venue)
    clock.shift(timedelta(minutes=10))

    as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"qr_settings": {"qr_gen_frequency_hours": 1}})

    shown.refresh_from_db()
    assert shown.valid_until == NOON + timedelta(hours=1)


def test_higher_frequency_leaves_what_is_shown_its_grace(as_user, owner, venue, clock):
    shown = show_var_id(venue=venue)
    clock.shift(timedelta(hours=5))

    as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"qr_settings": {"qr_gen_frequency_hours": 1}})

    shown.refresh_from_db()
    assert shown.valid_until == NOON + timedelta(hours=5, minutes=10)


@pytest.mark.parametrize("hours", [24, 48])
def test_same_or_lower_frequency_leaves_what_is_shown(as_user, owner, venue, clock, hours):
    shown = show_var_id(venue=venue)

    as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"qr_settings": {"qr_gen_frequency_hours": hours}})

    shown.refresh_from_db()
    assert shown.valid_until == NOON + timedelta(hours=24)


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_venue_that_does_not_serve_gets_no_var_id_and_its_own_open_nothing(as_user, owner, venue, named, status):
    rotating = show_var_id(venue=venue)
    as_user(owner).send("PATCH", f"/venues/{venue.pk}/", {"status": status})
    venue.refresh_from_db()

    generated = as_user(owner).send("POST", f"/venues/{venue.pk}/generate-var-id/")

    assert (generated.status_code, generated.json()["code"]) == (400, "venue_inactive")
    with pytest.raises(VenueNotServing):
        show_var_id(venue=venue)
    assert (opens("v1"), opens(rotating.value)) == (False, False)
    assert VarId.objects.count() == 2


def test_named_var_id_lasts_until_it_is_ended(venue, owner, clock):
    named = name_var_id(venue=venue, value="v1")
    generate_var_id(venue=venue, by=owner)
    clock.shift(timedelta(days=3650))

    assert opens("v1")
    end_named_var_id(var_id=named)
    end_named_var_id(var_id=named)
    assert not opens("v1")
    assert (name_var_id(venue=venue, value="v1"), opens("v1")) == (named, True)


def test_name_of_another_venue_or_of_a_rotating_one_is_taken(make_venue, owner):
    venue, other = make_venue(), make_venue("Other")
    name_var_id(venue=other, value="v1")
    rotating = generate_var_id(venue=venue, by=owner)

    for value in ("v1", rotating.value):
        with pytest.raises(VarIdTaken):
            name_var_id(venue=venue, value=value)

    assert VarId.objects.filter(venue=venue).get() == rotating


@pytest.mark.parametrize("value", ["", "v 1", "v/1", "v1\n", "ü", "\0", "x" * 65])
def test_unusable_names_are_refused(venue, value):
    with pytest.raises(VarIdUnusable):
        name_var_id(venue=venue, value=value)

    assert not VarId.objects.exists()


def test_ending_a_rotating_one_as_if_it_were_named_changes_nothing(venue, owner):
    rotating = generate_var_id(venue=venue, by=owner)

    end_named_var_id(var_id=rotating)

    assert opens(rotating.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"is_named": False, "valid_until": None},
        {"is_named": True, "is_shown": True, "valid_until": None},
        {"is_named": False, "is_shown": True, "valid_until": NOON},
    ],
)
def test_database_holds_one_shown_var_id_and_none_without_an_end_but_named_ones(venue, owner, fields):
    generate_var_id(venue=venue, by=owner)

    with pytest.raises(IntegrityError), transaction.atomic():
        VarId.objects.create(venue=venue, value="x", valid_from=NOON, **fields)
