from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from offers.models import Offer
from venues.models import Venue

NEW = {
    "title": "Free pie",
    "description": "One.",
    "terms": "",
    "starts_at_0": "2026-03-01",
    "starts_at_1": "12:00:00",
    "expires_at_0": "2026-04-01",
    "expires_at_1": "12:00:00",
    "total_quota": "10",
    "per_customer_limit": "1",
    "eligible_memberships": ["plus", "premium"],
    "presence_required": "qr",
    "budget": "99.50",
}
ADD = "admin:offers_offer_add"


def url_of(offer: Offer) -> str:
    return reverse("admin:offers_offer_change", args=[offer.pk])


def test_an_offer_is_made(venue: Venue, visitor: Client) -> None:
    visitor.post(reverse(ADD), NEW | {"venue": venue.pk})

    made = Offer.objects.get()
    assert (made.venue, made.title, made.total_quota, made.presence_required) == (venue, "Free pie", 10, "qr")
    assert (made.eligible_memberships, made.budget) == (["plus", "premium"], Decimal("99.50"))
    assert made.starts_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_an_offer_is_changed_and_stays_at_its_venue(offer: Offer, visitor: Client) -> None:
    elsewhere = Venue.objects.create(name="Elsewhere")

    visitor.post(url_of(offer), NEW | {"venue": elsewhere.pk, "eligible_memberships": [], "total_quota": ""})

    changed = Offer.objects.get()
    assert (changed.title, changed.venue_id, changed.eligible_memberships) == ("Free pie", offer.venue_id, [])
    assert changed.total_quota is None


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": ""}, ["title"]),
        ({"title": "a\0"}, ["title"]),
        ({"description": "x" * 2001}, ["description"]),
        ({"expires_at_0": "2026-01-01"}, ["expires_at"]),
        ({"starts_at_0": "soon"}, ["starts_at"]),
        ({"total_quota": "0"}, ["total_quota"]),
        ({"total_quota": "9" * 30}, ["total_quota"]),
        ({"per_customer_limit": "0"}, ["per_customer_limit"]),
        ({"eligible_memberships": ["gold"]}, ["eligible_memberships"]),
        ({"presence_required": "sure"}, ["presence_required"]),
        ({"budget": "-1"}, ["budget"]),
        ({"budget": "1e999"}, ["budget"]),
        ({"venue": ""}, ["venue"]),
        ({"venue": "0"}, ["venue"]),
    ],
)
def test_a_bad_offer_is_refused_beside_its_field(
    changes: dict[str, Any], fields: list[str], venue: Venue, visitor: Client
) -> None:
    response = visitor.post(reverse(ADD), NEW | {"venue": venue.pk} | changes)

    assert list(response.context["adminform"].form.errors) == fields
    assert not Offer.objects.exists()


def test_a_closed_venue_gets_no_offer(venue: Venue, visitor: Client) -> None:
    Venue.objects.update(status=Venue.Status.CLOSED)

    response = visitor.post(reverse(ADD), NEW | {"venue": venue.pk})

    assert response.context["adminform"].form.errors == {"venue": ["This is not an open venue of yours."]}


def test_a_quota_below_what_was_redeemed_is_refused(offer: Offer, visitor: Client) -> None:
    Offer.objects.update(redeemed_count=11)

    response = visitor.post(url_of(offer), NEW)

    assert response.context["adminform"].form.errors == {"total_quota": ["More than this has been redeemed already."]}
    assert Offer.objects.get().title == offer.title


def test_a_redeemed_offer_is_withdrawn_and_another_deleted(make_offer: Any, visitor: Client) -> None:
    redeemed, fresh, third = make_offer(redeemed_count=1), make_offer(), make_offer()
    ticked = {"action": "withdraw", "_selected_action": [str(redeemed.pk), str(fresh.pk)]}

    visitor.post(reverse("admin:offers_offer_changelist"), ticked)
    gone = visitor.post(reverse("admin:offers_offer_withdraw_this", args=[third.pk]), {"_form_submitted": "on"})

    kept = Offer.objects.get()
    assert (kept.pk, kept.withdrawn_at is None) == (redeemed.pk, False)
    assert visitor.get(gone["HX-Redirect"]).status_code == 302
    assert visitor.post(url_of(kept), NEW).status_code == 403


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "open"),
        ({"total_quota": 3, "redeemed_count": 3}, "used up"),
        ({"starts_at": timedelta(hours=1)}, "to come"),
        ({"expires_at": timedelta(0)}, "expired"),
        ({"expires_at": -timedelta(hours=1), "withdrawn_at": timedelta(0)}, "withdrawn"),
    ],
)
def test_the_list_tells_how_an_offer_stands(make_offer: Any, fields: dict[str, Any], state: str) -> None:
    now = timezone.now()
    offer = make_offer(
        **{name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    )

    assert admin.site.get_model_admin(Offer).state(offer) == state
