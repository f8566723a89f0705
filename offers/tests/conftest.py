from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from offers.models import Offer
from venues.models import Certainty, Presence, Venue

MakeOffer = Callable[..., Offer]
CheckIn = Callable[..., Presence]


@pytest.fixture
def make_venue(owner: User) -> Callable[..., Venue]:
    def make(name: str = "The Anchor", **fields: Any) -> Venue:
        return Venue.objects.create(name=name, **{"owner": owner, **fields})

    return make


@pytest.fixture
def venue(make_venue: Callable[..., Venue]) -> Venue:
    return make_venue()


@pytest.fixture
def make_offer(venue: Venue) -> MakeOffer:
    """A stored offer that is open to everyone at the venue, unless said otherwise."""

    def make(title: str = "First drink on us", **fields: Any) -> Offer:
        now = timezone.now()
        dates = {"starts_at": now - timedelta(days=1), "expires_at": now + timedelta(days=1)}
        return Offer.objects.create(title=title, **{"venue": venue, **dates, **fields})

    return make


@pytest.fixture
def offer(make_offer: MakeOffer) -> Offer:
    return make_offer()


@pytest.fixture
def check_in(venue: Venue) -> CheckIn:
    def arrive(user: User, certainty: str = Certainty.CLAIMED, at: Venue = venue) -> Presence:
        now = timezone.now()
        presence, _ = Presence.objects.update_or_create(
            user=user,
            defaults={"venue": at, "certainty": certainty, "since": now, "until": now + timedelta(hours=6)},
        )
        return presence

    return arrive


@pytest.fixture
def other_owner(make_user: Callable[..., User]) -> User:
    return make_user("otto", "venue_owner")


def spelled(moment: datetime) -> str:
    """As the API writes a time."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
