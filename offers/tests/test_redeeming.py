import secrets
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from billing.models import Membership
from core.events import after_commit
from offers import errors
from offers.api.pub import REFUSALS
from offers.events import OfferRedeemed
from offers.models import Offer, Redemption
from offers.rules import RULES
from offers.services import CODE_ALPHABET, redeem_offer, take_from_quota
from offers.tests.conftest import spelled
from venues.models import Venue

_listeners = []


@after_commit(OfferRedeemed)
def _hear(event):
    for facts in _listeners:
        facts.append(event)


@pytest.fixture
def heard():
    """What was announced of redemptions while the test ran."""
    facts = []
    _listeners.append(facts)
    yield facts
    _listeners.remove(facts)


def redeem(client, offer, **extra):
    return client.send("POST", "/venues/redeem-offer/", {"offer_id": str(offer.pk)}, **extra)


def assert_refused(response, status, code, message):
    assert (response.status_code, response.json()) == (status, {"error": message, "code": code})
    assert Redemption.objects.count() == 0


def test_a_customer_at_the_venue_redeems_an_offer(as_user, customer, offer, check_in):
    check_in(customer, "qr")

    response = redeem(as_user(customer), offer)

    redemption = Redemption.objects.get()
    assert response.status_code == 200
    assert response.json() == {
        "message": "Offer redeemed successfully.",
        "redemption": {
            "id": str(redemption.pk),
            "code": redemption.code,
            "offer": str(offer.pk),
            "venue": offer.venue_id,
            "redeemed_at": spelled(redemption.redeemed_at),
        },
    }
    assert (redemption.customer, redemption.ordinal, redemption.certainty) == (customer, 1, "qr")
    offer.refresh_from_db()
    assert offer.redeemed_count == 1


def test_the_code_is_short_and_of_unambiguous_characters(customer, offer, check_in):
    check_in(customer)

    code = redeem_offer(offer_id=offer.pk, by=customer).code

    assert len(code) == 8
    assert set(code) <= set(CODE_ALPHABET)
    assert not set("01OILUV") & set(CODE_ALPHABET)


def test_nobody_redeems_from_elsewhere(as_user, customer, offer, check_in, make_venue):
    client = as_user(customer)

    nowhere = redeem(client, offer)
    check_in(customer, at=make_venue("Bar Zero"))
    elsewhere = redeem(client, offer)

    message = "You must be at the venue to redeem this offer."
    assert_refused(nowhere, 403, "not_at_venue", message)
    assert_refused(elsewhere, 403, "not_at_venue", message)


def test_a_presence_that_ran_out_does_not_count(as_user, customer, offer, check_in):
    with time_machine.travel(timezone.now() - timedelta(hours=7)):
        check_in(customer)

    response = redeem(as_user(customer), offer)

    assert_refused(response, 403, "not_at_venue", "You must be at the venue to redeem this offer.")


def test_an_offer_cannot_be_redeemed_before_it_starts(as_user, customer, make_offer, check_in):
    check_in(customer)
    offer = make_offer(starts_at=timezone.now() + timedelta(minutes=1))

    response = redeem(as_user(customer), offer)

    assert_refused(response, 400, "not_started", "This offer has not started yet.")


def test_an_offer_cannot_be_redeemed_once_it_expired(as_user, customer, make_offer, check_in):
    check_in(customer)
    offer = make_offer(expires_at=timezone.now() - timedelta(seconds=1))

    response = redeem(as_user(customer), offer)

    assert_refused(response, 410, "expired", "This offer has expired.")


def test_an_offer_starts_on_the_dot_and_ends_before_it_expires(customer, offer, check_in):
    with time_machine.travel(offer.starts_at, tick=False):
        check_in(customer)
        redemption = redeem_offer(offer_id=offer.pk, by=customer)
    with time_machine.travel(offer.expires_at, tick=False), pytest.raises(errors.OfferExpired):
        redeem_offer(offer_id=offer.pk, by=customer)

    assert redemption.redeemed_at == offer.starts_at


def test_a_second_redemption_is_refused(as_user, customer, offer, check_in):
    check_in(customer)
    client = as_user(customer)
    redeem(client, offer)

    response = redeem(client, offer)

    assert response.status_code == 409
    assert response.json() == {"error": "You have already redeemed this offer.", "code": "already_redeemed"}
    assert Redemption.objects.count() == 1


def test_an_offer_is_redeemed_as_often_as_it_says(as_user, customer, make_offer, check_in):
    check_in(customer)
    offer, client = make_offer(per_customer_limit=2), as_user(customer)

    statuses = [redeem(client, offer).status_code for _ in range(3)]

    assert statuses == [200, 200, 409]
    assert list(Redemption.objects.order_by("ordinal").values_list("ordinal", flat=True)) == [1, 2]


def test_the_one_after_the_last_is_told_it_is_sold_out(as_user, customer, stranger, make_offer, check_in):
    check_in(customer)
    check_in(stranger)
    offer = make_offer(total_quota=1)
    redeem(as_user(stranger), offer)

    response = redeem(as_user(customer), offer)

    assert response.status_code == 409
    assert response.json() == {"error": "This offer is used up.", "code": "sold_out"}
    assert Redemption.objects.get().customer == stranger


def test_nothing_is_taken_from_a_quota_that_went_meanwhile(make_offer):
    stale = make_offer(total_quota=1)
    take_from_quota(stale, at=timezone.now())

    with pytest.raises(errors.SoldOut):
        take_from_quota(stale, at=timezone.now())

    assert Offer.objects.get().redeemed_count == 1


@pytest.mark.parametrize("tier", [None, "basic"])
def test_an_offer_for_other_tiers_is_refused(as_user, customer, make_offer, check_in, tier):
    check_in(customer)
    if tier:
        Membership.objects.create(user=customer, tier=tier)

    response = redeem(as_user(customer), make_offer(eligible_memberships=["plus", "premium"]))

    assert_refused(response, 403, "not_eligible", "This offer is for other membership tiers.")


def test_an_offer_for_ones_tier_is_given(as_user, customer, make_offer, check_in):
    check_in(customer)
    Membership.objects.create(user=customer, tier="premium")

    response = redeem(as_user(customer), make_offer(eligible_memberships=["plus", "premium"]))

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("required", "certainty", "status"),
    [
        ("claimed", "claimed", 200),
        ("claimed", "qr", 200),
        ("qr", "claimed", 403),
        ("qr", "qr", 200),
        ("qr", "qr_geo", 200),
        ("qr_geo", "qr", 403),
        ("qr_geo", "qr_geo", 200),
    ],
)
def test_an_offer_may_ask_for_more_than_a_claim(as_user, customer, make_offer, check_in, required, certainty, status):
    check_in(customer, certainty)

    response = redeem(as_user(customer), make_offer(presence_required=required))

    assert response.status_code == status
    assert response.json().get("code") == (None if status == 200 else "presence_too_weak")


@pytest.mark.parametrize("trouble", ["unknown", "withdrawn", "suspended", "closed"])
def test_what_does_not_stand_is_not_found(as_user, customer, offer, venue, check_in, trouble):
    check_in(customer)
    if trouble == "unknown":
        offer.delete()
        offer.pk = "00000000-0000-4000-8000-000000000000"
    elif trouble == "withdrawn":
        Offer.objects.update(withdrawn_at=timezone.now())
    else:
        Venue.objects.filter(pk=venue.pk).update(status=trouble)

    response = redeem(as_user(customer), offer)

    assert_refused(response, 404, "not_found", "Not found.")


def test_the_same_request_repeated_with_its_key_gets_the_same_redemption(as_user, customer, offer, check_in):
    check_in(customer)
    client = as_user(customer)

    first = redeem(client, offer, headers={"Idempotency-Key": "one"})
    again = redeem(client, offer, headers={"Idempotency-Key": "one"})
    another = redeem(client, offer, headers={"Idempotency-Key": "two"})

    assert (first.status_code, again.status_code, another.status_code) == (200, 200, 409)
    assert again.json() == first.json()
    assert another.json()["code"] == "already_redeemed"
    assert Redemption.objects.count() == 1


def test_a_code_that_is_taken_is_not_given_again(customer, stranger, offer, check_in, monkeypatch):
    check_in(customer)
    check_in(stranger)
    drawn = iter("A" * 8 + "A" * 8 + "B" * 8)
    monkeypatch.setattr(secrets, "choice", lambda alphabet: next(drawn))

    first = redeem_offer(offer_id=offer.pk, by=customer)
    second = redeem_offer(offer_id=offer.pk, by=stranger)

    assert (first.code, second.code) == ("AAAAAAAA", "BBBBBBBB")


def test_when_no_code_is_free_nothing_is_redeemed(as_user, customer, stranger, offer, check_in, monkeypatch):
    check_in(customer)
    check_in(stranger)
    monkeypatch.setattr(secrets, "choice", lambda alphabet: "A")
    redeem_offer(offer_id=offer.pk, by=stranger)

    response = redeem(as_user(customer), offer)

    assert response.status_code == 503
    assert response.json() == {"error": "No redemption code could be made. Please try again.", "code": "no_free_code"}
    assert response["Retry-After"] == "1"
    offer.refresh_from_db()
    assert (offer.redeemed_count, Redemption.objects.count()) == (1, 1)


def test_a_redemption_is_announced_once_it_is_stored(
    customer, offer, check_in, heard, django_capture_on_commit_callbacks
):
    check_in(customer)

    with django_capture_on_commit_callbacks(execute=True):
        redemption = redeem_offer(offer_id=offer.pk, by=customer)
        with pytest.raises(errors.AlreadyRedeemed):
            redeem_offer(offer_id=offer.pk, by=customer)

    assert heard == [
        OfferRedeemed(redemption_id=redemption.pk, offer_id=offer.pk, venue_id=offer.venue_id, customer_id=customer.pk)
    ]


def test_every_refusal_of_the_rules_is_documented():
    from_rules = {rule.refusal for rule in RULES}

    assert from_rules <= set(REFUSALS)
