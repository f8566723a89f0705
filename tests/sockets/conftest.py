"""A venue with guests, and their tokens."""

import pytest

from conftest import open_pub_session
from tests.sockets.sweeps import turn_off
from venues.models import Venue
from venues.services.presence import check_in_by_claim
from venues.services.var_ids import name_var_id


def token_of(user):
    return open_pub_session(user).tokens.access


def bearer(user):
    return {"Authorization": f"Bearer {token_of(user)}"}


@pytest.fixture
def unswept(monkeypatch):
    """Nothing looks for rings that were lost: who is told was rung."""
    turn_off(monkeypatch.setattr)


@pytest.fixture
def venue(owner):
    venue = Venue.objects.create(name="The Anchor", owner=owner)
    name_var_id(venue=venue, value="anchor")
    return venue


@pytest.fixture
def guests(venue, customer, stranger):
    for user in (customer, stranger):
        check_in_by_claim(user=user, venue_id=venue.pk)
    return customer, stranger
