from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import User, UserType
from venues.models import VarId, Venue

MakeVenue = Callable[..., Venue]


@pytest.fixture
def other_owner(make_user: Callable[..., User]) -> User:
    return make_user("oscar", UserType.VENUE_OWNER)


@pytest.fixture
def make_venue(owner: User) -> MakeVenue:
    def make(name: str = "The Anchor", **fields: Any) -> Venue:
        return Venue.objects.create(name=name, **{"owner": owner, **fields})

    return make


@pytest.fixture
def venue(make_venue: MakeVenue) -> Venue:
    return make_venue()


@pytest.fixture
def named(venue: Venue) -> VarId:
    """The venue's named var_id, `v1`."""
    return VarId.objects.create(venue=venue, value="v1", valid_from=datetime(2026, 1, 1, tzinfo=UTC), is_named=True)
