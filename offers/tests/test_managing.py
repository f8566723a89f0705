import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from offers import errors
from offers.models import Offer, Redemption
from offers.services import delete_offer, redeem_offer
from offers.tests.conftest import spelled

MINIMUM = {
    "title": "Happy hour",
    "starts_at": "2026-03-01T18:00:00Z",
    "expires_at": "2026-03-01T19:00:00+00:00",
}
FULL = {
    **MINIMUM,
    "description": "Half price.",
    "terms": "No cocktails.",
    "total_quota": 100,
    "per_customer_limit": 2,
    "eligible_memberships": ["plus", "premium", "plus"],
    "presence_required": "qr",
    "budget": "250.5",
}


def shown(offer, **more):
    """An offer as a customer sees it, and with `more` as its manager does."""
    return {
        "id": str(offer.pk),
        "venue": offer.venue_id,
        "title": offer.title,
        "description": offer.description,
        "terms": offer.terms,
        "starts_at": spelled(offer.starts_at),
        "expires_at": spelled(offer.expires_at),
        "total_quota": offer.total_quota,
        "per_customer_limit": offer.per_customer_limit,
        "eligible_memberships": offer.eligible_memberships,
        "presence_required": offer.presence_required,
        **more,
    }


def test_an_owner_creates_an_offer_with_all_it_can_say(as_user, owner, venue):
    response = as_user(owner).send("POST", "/offers/", {**FULL, "venue": venue.pk})

    offer = Offer.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": str(offer.pk),
        "venue": venue.pk,
        "title": "Happy hour",
        "description": "Half price.",
        "terms": "No cocktails.",
        "starts_at": "2026-03-01T18:00:00Z",
        "expires_at": "2026-03-01T19:00:00Z",
        "total_quota": 100,
        "per_customer_limit": 2,
        "eligible_memberships": ["plus", "premium"],
        "presence_required": "qr",
        "budget": "250.50",
        "redeemed_count": 0,
        "remaining": 100,
        "withdrawn_at": None,
    }
    assert (offer.starts_at, offer.budget) == (datetime(2026, 3, 1, 18, tzinfo=UTC), Decimal("250.50"))


def test_what_is_not_said_of_an_offer_is_the_least_strict(as_user, owner, venue):
    response = as_user(owner).send("POST", "/offers/", {**MINIMUM, "venue": venue.pk})

    offer = Offer.objects.get()
    assert response.json() == shown(offer, budget=None, redeemed_count=0, remaining=None, withdrawn_at=None)
    assert (offer.total_quota, offer.per_customer_limit, offer.presence_required) == (None, 1, "claimed")
    assert (offer.description, offer.terms, offer.eligible_memberships) == ("", "", [])


def test_a_superuser_creates_an_offer_anywhere(as_user, superuser, venue):
    response = as_user(superuser).send("POST", "/offers/", {**MINIMUM, "venue": venue.pk})

    assert response.status_code == 201


@pytest.mark.parametrize("trouble", ["unknown", "beyond 32 bits", "someone else's", "closed"])
def test_an_offer_needs_an_open_venue_of_ones_own(as_user, owner, other_owner, make_venue, trouble):
    fields = {"someone else's": {"owner": other_owner}, "closed": {"status": "closed"}}.get(trouble, {})
    venue_id = make_venue(**fields).pk + {"unknown": 1, "beyond 32 bits": 2**31}.get(trouble, 0)

    response = as_user(owner).send("POST", "/offers/", {**MINIMUM, "venue": venue_id})

    assert response.status_code == 400
    assert response.json() == {
        "error": "This is not an open venue of yours.",
        "code": "venue_not_managed",
        "details": {"venue": ["This is not an open venue of yours."]},
    }
    assert not Offer.objects.exists()


@pytest.mark.parametrize("expires_at", ["2026-03-01T18:00:00Z", "2026-03-01T17:59:59Z"])
def test_an_offer_must_end_after_it_starts(as_user, owner, venue, expires_at):
    response = as_user(owner).send("POST", "/offers/", {**MINIMUM, "venue": venue.pk, "expires_at": expires_at})

    assert response.status_code == 400
    assert response.json() == {
        "error": "An offer must expire after it starts.",
        "code": "ends_before_it_starts",
        "details": {"expires_at": ["An offer must expire after it starts."]},
    }


def test_a_patch_changes_what_it_names(as_user, owner, make_offer):
    offer = make_offer(description="Old", total_quota=5, budget="10.00")

    response = as_user(owner).send("PATCH", f"/offers/{offer.pk}/", {"title": "New", "total_quota": 7})

    changed = Offer.objects.get()
    assert response.status_code == 200
    assert response.json() == shown(changed, budget="10.00", redeemed_count=0, remaining=7, withdrawn_at=None)
    assert (changed.title, changed.description, changed.total_quota) == ("New", "Old", 7)


def test_an_empty_patch_changes_nothing(as_user, owner, offer):
    response = as_user(owner).send("PATCH", f"/offers/{offer.pk}/", {})

    assert response.status_code == 200
    assert response.json() == shown(offer, budget=None, redeemed_count=0, remaining=None, withdrawn_at=None)


def test_a_put_takes_back_what_it_does_not_name(as_user, owner, make_offer, venue):
    offer = make_offer(description="Old", total_quota=5, presence_required="qr")

    response = as_user(owner).send("PUT", f"/offers/{offer.pk}/", {**MINIMUM, "venue": venue.pk})

    changed = Offer.objects.get()
    assert response.status_code == 200
    assert response.json() == shown(changed, budget=None, redeemed_count=0, remaining=None, withdrawn_at=None)
    assert (changed.title, changed.description, changed.total_quota) == ("Happy hour", "", None)
    assert changed.presence_required == "claimed"


def test_a_change_leaves_the_count_alone(as_user, owner, customer, offer, check_in):
    check_in(customer)
    redeem_offer(offer_id=offer.pk, by=customer)

    response = as_user(owner).send("PATCH", f"/offers/{offer.pk}/", {"total_quota": 1})

    assert (response.json()["redeemed_count"], response.json()["remaining"]) == (1, 0)


def test_a_quota_below_what_was_redeemed_is_refused(as_user, owner, customer, stranger, make_offer, check_in):
    offer = make_offer(total_quota=5)
    for guest in (customer, stranger):
        check_in(guest)
        redeem_offer(offer_id=offer.pk, by=guest)

    response = as_user(owner).send("PATCH", f"/offers/{offer.pk}/", {"total_quota": 1})

    assert response.status_code == 400
    assert response.json() == {
        "error": "More than this has been redeemed already.",
        "code": "quota_below_redeemed",
        "details": {"total_quota": ["More than this has been redeemed already."]},
    }
    assert Offer.objects.get().total_quota == 5


@pytest.mark.parametrize(
    "broken",
    [
        {"total_quota": 1, "redeemed_count": 2},
        {"per_customer_limit": 0},
        {"total_quota": 0},
        {"starts_at": datetime(2026, 1, 1, tzinfo=UTC), "expires_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_the_database_holds_the_rules_by_itself(offer, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.update(**broken)


def test_dates_are_judged_with_those_already_stored(as_user, owner, offer):
    early = spelled(offer.starts_at - timedelta(days=1))

    response = as_user(owner).send("PATCH", f"/offers/{offer.pk}/", {"expires_at": early})

    assert (response.status_code, response.json()["code"]) == (400, "ends_before_it_starts")


def test_an_offer_stays_at_its_venue(as_user, owner, offer, make_venue):
    response = as_user(owner).send("PATCH", f"/offers/{offer.pk}/", {"venue": make_venue("Bar Zero").pk})

    assert response.status_code == 400
    assert response.json() == {
        "error": "An offer cannot move to another venue.",
        "code": "venue_fixed",
        "details": {"venue": ["An offer cannot move to another venue."]},
    }


def delete_by_post(client, offer):
    return client.send("POST", "/venues/delete-offer/", {"id": str(offer.pk)})


def test_an_offer_nobody_redeemed_is_deleted_for_good(as_user, owner, offer):
    response = delete_by_post(as_user(owner), offer)

    assert (response.status_code, response.json()) == (200, {"message": "Offer deleted successfully."})
    assert not Offer.objects.exists()


def test_a_redeemed_offer_is_withdrawn_and_its_redemptions_stay(as_user, owner, customer, offer, check_in):
    check_in(customer)
    redemption = redeem_offer(offer_id=offer.pk, by=customer)

    response = delete_by_post(as_user(owner), offer)

    assert (response.status_code, response.json()) == (200, {"message": "Offer deleted successfully."})
    assert Offer.objects.get().withdrawn_at is not None
    assert Redemption.objects.get() == redemption


def test_the_delete_method_does_the_same(as_user, owner, customer, make_offer, check_in):
    redeemed, fresh = make_offer("Redeemed"), make_offer("Fresh")
    check_in(customer)
    redeem_offer(offer_id=redeemed.pk, by=customer)
    client = as_user(owner)

    statuses = [client.send("DELETE", f"/offers/{offer.pk}/").status_code for offer in (redeemed, fresh)]

    assert statuses == [204, 204]
    assert list(Offer.objects.exclude(withdrawn_at=None)) == list(Offer.objects.all()) == [redeemed]


def test_a_withdrawn_offer_is_gone_for_every_change(as_user, owner, make_offer):
    offer = make_offer(withdrawn_at=timezone.now())
    client = as_user(owner)

    statuses = [
        delete_by_post(client, offer).status_code,
        client.send("DELETE", f"/offers/{offer.pk}/").status_code,
        client.send("PATCH", f"/offers/{offer.pk}/", {"title": "Back again"}).status_code,
    ]

    assert statuses == [404, 404, 404]


def test_someone_elses_offer_is_not_there_to_delete(other_owner, offer):
    with pytest.raises(errors.errors.NotFound):
        delete_offer(offer_id=offer.pk, by=other_owner)
    with pytest.raises(errors.errors.NotFound):
        delete_offer(offer_id=uuid.uuid4(), by=other_owner)
