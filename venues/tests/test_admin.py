from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing.models import Plan, Subscription
from venues.models import OpeningHours, Presence, VarId, Venue
from venues.services.presence import check_in_by_claim

NO_HOURS = {"opening_hours-TOTAL_FORMS": "0", "opening_hours-INITIAL_FORMS": "0"}
NEW = {
    "name": "The Moon",
    "kind": "pub",
    "status": "active",
    "owner": "",
    "address": "1 High Street",
    "latitude": "51.5",
    "longitude": "-0.1",
    "time_zone": "Europe/London",
    "contact_name": "",
    "contact_email": "",
    "contact_phone": "",
    "qr_gen_frequency_hours": "24",
    "check_in_hours": "6",
    "radius_meters": "150",
    **NO_HOURS,
}
ADD, LIST = "admin:venues_venue_add", "admin:venues_venue_changelist"


def url_of(venue: Venue) -> str:
    return reverse("admin:venues_venue_change", args=[venue.pk])


def act(client: Client, model: str, action: str, *rows: Any) -> list[str]:
    ticked = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = client.post(reverse(f"admin:venues_{model}_changelist"), ticked, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_a_venue_is_made_with_its_opening_hours(owner: User, visitor: Client) -> None:
    hours = {
        "opening_hours-TOTAL_FORMS": "1",
        "opening_hours-0-day": "4",
        "opening_hours-0-opens": "17:00",
        "opening_hours-0-closes": "02:00",
    }

    visitor.post(reverse(ADD), NEW | {"owner": owner.pk} | hours)

    made = Venue.objects.get()
    assert (made.name, made.owner, made.latitude, made.held_by_platform) == ("The Moon", owner, 51.5, False)
    assert list(made.opening_hours.values_list("day", "opens", "closes")) == [(4, time(17), time(2))]


def test_a_venue_is_changed_by_the_rules(venue: Venue, visitor: Client) -> None:
    OpeningHours.objects.create(venue=venue, day=0, opens="11:00", closes="23:00")
    kept = OpeningHours.objects.create(venue=venue, day=1, opens="11:00", closes="23:00")
    hours = {
        "opening_hours-TOTAL_FORMS": "2",
        "opening_hours-INITIAL_FORMS": "2",
        "opening_hours-0-id": venue.opening_hours.get(day=0).pk,
        "opening_hours-0-venue": venue.pk,
        "opening_hours-0-day": "0",
        "opening_hours-0-opens": "11:00",
        "opening_hours-0-closes": "23:00",
        "opening_hours-0-DELETE": "on",
        "opening_hours-1-id": kept.pk,
        "opening_hours-1-venue": venue.pk,
        "opening_hours-1-day": "1",
        "opening_hours-1-opens": "12:00",
        "opening_hours-1-closes": "23:00",
    }

    visitor.post(url_of(venue), NEW | {"owner": venue.owner_id, "status": "suspended"} | hours)

    venue.refresh_from_db()
    assert (venue.name, venue.status, venue.held_by_platform) == ("The Moon", "suspended", True)
    assert list(venue.opening_hours.values_list("day", "opens")) == [(1, time(12))]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "a\0b"}, ["name"]),
        ({"name": "x" * 121}, ["name"]),
        ({"latitude": "91"}, ["latitude"]),
        ({"longitude": "nan"}, ["longitude"]),
        ({"latitude": ""}, ["latitude", "longitude"]),
        ({"time_zone": "Mars/Base"}, ["time_zone"]),
        ({"status": "gone"}, ["status"]),
        ({"check_in_hours": "49"}, ["check_in_hours"]),
        ({"qr_gen_frequency_hours": "9" * 30}, ["qr_gen_frequency_hours"]),
        ({"owner": "0"}, ["owner"]),
    ],
)
def test_a_bad_venue_is_refused_beside_its_field(changes: dict[str, str], fields: list[str], visitor: Client) -> None:
    response = visitor.post(reverse(ADD), NEW | changes)

    assert list(response.context["adminform"].form.errors) == fields
    assert not Venue.objects.exists()


def test_only_an_owner_owns_a_venue(customer: User, venue: Venue, visitor: Client) -> None:
    response = visitor.post(url_of(venue), NEW | {"owner": customer.pk})

    assert response.context["adminform"].form.errors == {"owner": ["No active venue owner has this id."]}
    venue.refresh_from_db()
    assert (venue.owner_id == customer.pk, venue.name) == (False, "The Anchor")


def test_venues_are_suspended_closed_and_opened_again(venue: Venue, visitor: Client) -> None:
    seen = []
    for action in ("suspend", "close", "activate"):
        act(visitor, "venue", action, venue)
        venue.refresh_from_db()
        seen.append((venue.status, venue.held_by_platform))
    visitor.post(reverse("admin:venues_venue_close_this", args=[venue.pk]), {"_form_submitted": "on"})

    venue.refresh_from_db()
    assert seen == [("suspended", True), ("closed", True), ("active", False)]
    assert venue.status == "closed"


def test_a_var_id_is_generated(venue: Venue, visitor: Client) -> None:
    rotate = reverse("admin:venues_venue_rotate", args=[venue.pk])

    visitor.post(rotate, {"_form_submitted": "on"})
    Venue.objects.update(status=Venue.Status.CLOSED)
    visitor.post(rotate, {"_form_submitted": "on"})

    told = [str(message) for message in visitor.get(reverse(LIST)).context["messages"]]
    assert VarId.objects.filter(venue=venue, is_shown=True).count() == 1
    assert told == ["New var id: done.", "The Anchor: Unknown or inactive venue."]


def test_a_var_id_is_named_ended_and_named_again(venue: Venue, visitor: Client) -> None:
    name = {"venue": venue.pk, "value": "summer"}

    visitor.post(reverse("admin:venues_varid_add"), name)
    named = VarId.objects.get()
    act(visitor, "varid", "end", named)
    ended = VarId.objects.get(valid_until__lte=timezone.now())
    visitor.post(reverse("admin:venues_varid_add"), name)

    assert (named.value, named.is_named, named.valid_until) == ("summer", True, None)
    assert ended == named
    assert VarId.objects.get().valid_until is None


@pytest.mark.parametrize(
    ("value", "field"), [("", "value"), ("a b", "value"), ("x" * 65, "value"), ("v1", "__all__"), ("a\0", "value")]
)
def test_a_bad_name_for_a_var_id_is_refused(
    value: str, field: str, named: VarId, make_venue: Any, visitor: Client
) -> None:
    elsewhere = make_venue("Elsewhere")

    response = visitor.post(reverse("admin:venues_varid_add"), {"venue": elsewhere.pk, "value": value})

    assert list(response.context["adminform"].form.errors) == [field]
    assert VarId.objects.count() == 1


def test_someone_is_checked_out(customer: User, venue: Venue, visitor: Client) -> None:
    presence = check_in_by_claim(user=customer, venue_id=venue.pk)

    act(visitor, "presence", "check_out", presence)

    assert Presence.objects.get().until <= timezone.now()


def test_a_venue_is_subscribed_on_its_page_once(visitor: Client, venue: Venue) -> None:
    plan = Plan.objects.create(slug="basic", name="Basic", price=29, currency="GBP", period="month")
    page = reverse("admin:venues_venue_subscribe", args=[venue.pk])

    for days in ("0", "7", "7"):
        visitor.post(page, {"_form_submitted": "on", "plan": plan.pk, "trial_days": days})

    subscription = Subscription.objects.get()
    venue.refresh_from_db()
    assert (subscription.subscriber, subscription.status) == (venue.subscriber, "trial")
    assert (subscription.current_period_ends_at - subscription.starts_at).days == 7
