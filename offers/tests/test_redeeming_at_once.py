"""Redemptions from many threads through the whole server, each with a database connection of its own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Session, User, UserType
from accounts.tokens import hash_token_id, new_token_id, token_pair
from conftest import ApiClient
from offers.models import Offer, Redemption
from venues.models import Presence

THREADS = 24
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

_own = threading.local()


def at_once(acts):
    """What each act returned. Connections go back after each, as the server's do after each request."""
    start = threading.Barrier(min(THREADS, len(acts)))

    def run(act):
        try:
            return act()
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(THREADS, initializer=start.wait) as pool:
        return list(pool.map(run, acts))


def send(token, method, path, body):
    """Status and code of the answer."""
    if not hasattr(_own, "client"):
        _own.client = ApiClient()
    response = _own.client.send(method, path, body, headers={"Authorization": f"Bearer {token}"})
    return response.status_code, response.json().get("code") if response.content else None


def redemption_by(token, offer):
    return lambda: send(token, "POST", "/venues/redeem-offer/", {"offer_id": str(offer.pk)})


@pytest.fixture
def make_guests(venue):
    """So many customers at the venue. Their access tokens."""

    def make(count):
        now = timezone.now().replace(microsecond=0)
        guests = User.objects.bulk_create(
            User(username=f"g{n}", email=f"g{n}@example.com", password="!", user_type_id=UserType.CUSTOMER)
            for n in range(count)
        )
        ends = now + timedelta(hours=6)
        Presence.objects.bulk_create(
            Presence(user=guest, venue=venue, certainty="qr", since=now, until=ends) for guest in guests
        )
        return sessions_of(guests, now)

    return make


def sessions_of(users, now):
    hour, opened, tokens = timedelta(hours=1), [], []
    for user in users:
        refresh_id = new_token_id()
        session = Session(
            user=user,
            surface="pub",
            last_seen_at=now,
            expires_at=now + hour,
            access_lifetime=hour,
            refresh_lifetime=hour,
            refresh_hash=hash_token_id(refresh_id),
            refreshed_at=now,
        )
        opened.append(session)
        tokens.append(token_pair(session, refresh_id, now).access)
    Session.objects.bulk_create(opened)
    return tokens


def test_a_thousand_guests_share_a_quota_of_a_hundred(make_guests, make_offer):
    offer = make_offer(total_quota=100)
    tokens = make_guests(1000)

    answers = at_once([redemption_by(token, offer) for token in tokens])

    assert Counter(answers) == {(200, None): 100, (409, "sold_out"): 900}
    assert Offer.objects.get().redeemed_count == 100
    assert Redemption.objects.values("customer").distinct().count() == Redemption.objects.count() == 100


def test_one_guest_asking_two_hundred_times_gets_one(make_guests, offer):
    [token] = make_guests(1)

    answers = at_once([redemption_by(token, offer)] * 200)

    assert Counter(answers) == {(200, None): 1, (409, "already_redeemed"): 199}
    assert (Offer.objects.get().redeemed_count, Redemption.objects.count()) == (1, 1)


def test_one_guest_gets_no_more_than_their_limit(make_guests, make_offer):
    offer = make_offer(per_customer_limit=3)
    [token] = make_guests(1)

    answers = at_once([redemption_by(token, offer)] * 50)

    assert Counter(answers) == {(200, None): 3, (409, "already_redeemed"): 47}
    assert sorted(Redemption.objects.values_list("ordinal", flat=True)) == [1, 2, 3]


def test_an_offer_is_never_deleted_under_a_redemption(make_guests, make_offer, owner):
    guests, [manager] = make_guests(4), sessions_of([owner], timezone.now().replace(microsecond=0))

    for _ in range(10):
        offer = make_offer()
        delete = {"id": str(offer.pk)}
        acts = [redemption_by(token, offer) for token in guests]
        acts.insert(2, lambda body=delete: send(manager, "POST", "/venues/delete-offer/", body))
        answers = at_once(acts)

        deleted, redeemed = answers.pop(2), answers.count((200, None))
        assert deleted == (200, None)
        assert redeemed + answers.count((404, "not_found")) == len(guests)
        withdrawn = Offer.objects.filter(pk=offer.pk).exclude(withdrawn_at=None)
        assert list(withdrawn.values_list("redeemed_count", flat=True)) == ([redeemed] if redeemed else [])
        assert Offer.objects.filter(pk=offer.pk).exists() == bool(redeemed)
        assert Redemption.objects.filter(offer_id=offer.pk).count() == redeemed


def test_a_quota_lowered_meanwhile_is_kept_or_refused(make_guests, make_offer, owner):
    offer = make_offer(total_quota=60)
    tokens, [manager] = make_guests(60), sessions_of([owner], timezone.now().replace(microsecond=0))
    acts = [redemption_by(token, offer) for token in tokens]
    for place in (10, 20, 30, 40):
        acts.insert(
            place, lambda quota=place + 5: send(manager, "PATCH", f"/offers/{offer.pk}/", {"total_quota": quota})
        )

    answers = at_once(acts)

    offer.refresh_from_db()
    assert set(answers) <= {(200, None), (409, "sold_out"), (400, "quota_below_redeemed")}
    assert Redemption.objects.count() == offer.redeemed_count <= offer.total_quota
