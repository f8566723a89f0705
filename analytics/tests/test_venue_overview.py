from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import UserType
from chat.services.conversations import ensure_group
from chat.services.posting import NewMessage, post_message
from offers.models import Offer
from offers.services import redeem_offer
from venues.models import Venue
from venues.services.presence import check_in_by_scan
from venues.services.var_ids import name_var_id

# Late evening in London is the same day there, and already the next day in Auckland.
NOW = datetime(2026, 7, 10, 22, 30, tzinfo=UTC)


@pytest.fixture
def venue(owner):
    with time_machine.travel(NOW - timedelta(days=100), tick=False):
        venue = Venue.objects.create(name="The Anchor", owner=owner, time_zone="Europe/London")
        name_var_id(venue=venue, value="anchor")
    return venue


def make_offer(venue, **fields):
    span = {"starts_at": NOW - timedelta(days=2), "expires_at": NOW + timedelta(days=2)}
    return Offer.objects.create(venue=venue, title="Free pint", **{**span, **fields})


def test_an_empty_venue_has_an_overview_of_noughts(as_user, owner, venue):
    answer = as_user(owner).get(f"/overview/{venue.pk}/")

    assert answer.status_code == 200
    assert answer.json() == {
        "venue": {"id": venue.pk, "name": "The Anchor", "status": "active", "time_zone": "Europe/London"},
        "customers_now": 0,
        "customers_total": 0,
        "active_offers": 0,
        "offers_total": 0,
        "redemptions_today": 0,
        "redemptions_total": 0,
        "scans_today": 0,
        "messages_today": 0,
        "recent_redemptions": [],
        "recent_customers": [],
        "top_offers": [],
    }


def test_overview_counts_what_happened_at_the_venue(as_user, owner, customer, make_user, venue):
    other = make_user("ben")
    with time_machine.travel(NOW - timedelta(days=1), tick=False):
        check_in_by_scan(user=other, var_id="anchor")
        offer = make_offer(venue, per_customer_limit=5)
        make_offer(venue, expires_at=NOW - timedelta(days=1, hours=1))
        redeem_offer(offer_id=offer.pk, by=other)
    with time_machine.travel(NOW, tick=False):
        check_in_by_scan(user=customer, var_id="anchor")
        redemption = redeem_offer(offer_id=offer.pk, by=customer)
        post_message(NewMessage(ensure_group(venue).pk, customer, "Cheers"))
        body = as_user(owner).get(f"/overview/{venue.pk}/").json()

    assert {key: body[key] for key in body if isinstance(body[key], int)} == {
        "customers_now": 1,
        "customers_total": 2,
        "active_offers": 1,
        "offers_total": 2,
        "redemptions_today": 1,
        "redemptions_total": 2,
        "scans_today": 1,
        "messages_today": 1,
    }
    assert body["recent_redemptions"][0] == {
        "id": str(redemption.pk),
        "code": redemption.code,
        "offer": str(offer.pk),
        "offer_title": "Free pint",
        "customer": "ann",
        "redeemed_at": "2026-07-10T22:30:00Z",
    }
    assert [row["username"] for row in body["recent_customers"]] == ["ann", "ben"]
    assert body["top_offers"][0] == {"id": str(offer.pk), "title": "Free pint", "redemptions": 2}


def test_today_is_the_venues_own_day(as_user, owner, customer, venue):
    Venue.objects.filter(pk=venue.pk).update(time_zone="Pacific/Auckland")
    with time_machine.travel(datetime(2026, 7, 10, 11, 30, tzinfo=UTC), tick=False):
        check_in_by_scan(user=customer, var_id="anchor")
    with time_machine.travel(datetime(2026, 7, 10, 13, 30, tzinfo=UTC), tick=False):
        check_in_by_scan(user=customer, var_id="anchor")
        body = as_user(owner).get(f"/overview/{venue.pk}/").json()

    assert body["scans_today"] == 1


@pytest.mark.parametrize("visitors", [1, 3])
def test_overview_takes_the_same_queries_however_much_there_is(
    as_user, owner, make_user, venue, visitors, django_assert_num_queries
):
    with time_machine.travel(NOW, tick=False):
        offer = make_offer(venue)
        for number in range(visitors):
            guest = make_user(f"guest{number}")
            check_in_by_scan(user=guest, var_id="anchor")
            redeem_offer(offer_id=offer.pk, by=guest)
        client = as_user(owner)

        with django_assert_num_queries(13):
            client.get(f"/overview/{venue.pk}/")


@pytest.mark.parametrize("path", ["/overview/{}/", "/qr-analytics/{}/"])
def test_dashboards_are_for_the_owner_and_superusers(as_user, make_user, owner, superuser, customer, venue, path):
    url = path.format(venue.pk)
    rival = make_user("rival", UserType.VENUE_OWNER)

    statuses = {
        who: as_user(user).get(url).status_code
        for who, user in {
            "nobody": None,
            "customer": customer,
            "rival": rival,
            "owner": owner,
            "superuser": superuser,
        }.items()
    }

    assert statuses == {"nobody": 401, "customer": 403, "rival": 404, "owner": 200, "superuser": 200}


@pytest.mark.parametrize("venue_id", ["0", "999999", "99999999999999999999999", "abc", "-1"])
@pytest.mark.parametrize("path", ["/overview/{}/", "/qr-analytics/{}/"])
def test_an_unknown_venue_is_not_found(as_user, superuser, path, venue_id):
    answer = as_user(superuser).get(path.format(venue_id))

    assert answer.status_code == 404
    assert answer.json() == {"error": "Not found.", "code": "not_found"}
