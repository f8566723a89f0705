from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services.privacy import export_account
from billing.models import Membership
from offers import selectors
from offers.models import Offer, Redemption
from offers.services import redeem_offer
from offers.tests.test_managing import shown


def titles(response):
    assert response.status_code == 200, response.content
    return sorted(offer["title"] for offer in response.json())


@pytest.fixture
def offers(make_offer, make_venue, other_owner):
    """One of each sort, named by it. Those at other venues belong to the other owner."""
    now = timezone.now()
    make_offer("open")
    make_offer("future", starts_at=now + timedelta(hours=1))
    make_offer("expired", expires_at=now - timedelta(hours=1))
    make_offer("used up", total_quota=2, redeemed_count=2)
    make_offer("withdrawn", withdrawn_at=now)
    make_offer("elsewhere", venue=make_venue("Bar Zero", owner=other_owner))
    make_offer("suspended", venue=make_venue("Shut", owner=other_owner, status="suspended"))
    make_offer("withdrawn elsewhere", venue=make_venue("Third", owner=other_owner), withdrawn_at=now)


STANDING = ["elsewhere", "expired", "future", "open", "used up"]


@pytest.mark.parametrize(
    ("who", "query", "expected"),
    [
        ("customer", "", STANDING),
        ("owner", "", STANDING),
        ("other_owner", "", sorted([*STANDING, "suspended"])),
        ("superuser", "", sorted([*STANDING, "suspended"])),
        ("customer", "?withdrawn=true", []),
        ("owner", "?withdrawn=true", ["withdrawn"]),
        ("superuser", "?withdrawn=true", ["withdrawn", "withdrawn elsewhere"]),
        ("customer", "?active=true", ["elsewhere", "open"]),
        ("customer", "?active=false", ["expired", "future", "used up"]),
        ("owner", "?active=true&withdrawn=true", []),
    ],
)
@pytest.mark.usefixtures("offers")
def test_everyone_sees_the_offers_that_are_theirs_to_see(as_user, request, who, query, expected):
    user = request.getfixturevalue(who)

    response = as_user(user).send("GET", f"/offers/{query}")

    assert titles(response) == expected


@pytest.mark.usefixtures("offers")
def test_offers_are_found_by_venue(as_user, customer, venue):
    client = as_user(customer)

    here = client.send("GET", f"/offers/?venue={venue.pk}&active=true")
    nowhere = client.send("GET", f"/offers/?venue={venue.pk + 1000}")

    assert titles(here) == ["open"]
    assert titles(nowhere) == []


def test_only_the_manager_sees_what_an_offer_costs_and_brought(as_user, customer, owner, other_owner, make_offer):
    offer = make_offer(total_quota=10, redeemed_count=4, budget="99.90")
    whole = shown(offer, budget="99.90", redeemed_count=4, remaining=6, withdrawn_at=None)

    bodies = {user: as_user(user).send("GET", "/offers/").json() for user in (customer, other_owner, owner)}

    assert bodies == {customer: [shown(offer)], other_owner: [shown(offer)], owner: [whole]}
    assert as_user(owner).send("GET", f"/offers/{offer.pk}/").json() == whole
    assert as_user(customer).send("GET", f"/offers/{offer.pk}/").json() == shown(offer)


@pytest.mark.parametrize(("who", "status"), [("customer", 404), ("other_owner", 404), ("owner", 200)])
def test_a_withdrawn_offer_is_there_for_its_manager_only(as_user, request, make_offer, who, status):
    offer = make_offer(withdrawn_at=timezone.now())

    response = as_user(request.getfixturevalue(who)).send("GET", f"/offers/{offer.pk}/")

    assert response.status_code == status


@pytest.mark.parametrize("count", [1, 3])
def test_listing_takes_two_queries(as_user, owner, make_offer, count, django_assert_num_queries):
    for number in range(count):
        make_offer(f"Offer {number}")
    client = as_user(owner)

    with django_assert_num_queries(2):
        response = client.send("GET", "/offers/?active=true")

    assert len(response.json()) == count


def test_pages_follow_one_another_latest_first(as_user, customer, make_offer):
    for number in range(5):
        make_offer(str(number))
    client = as_user(customer)

    pages, path = [], "/offers/?limit=2"
    while path:
        response = client.send("GET", path)
        pages.append([offer["title"] for offer in response.json()])
        path = response.get("Link", "").partition("<http://testserver")[2].partition(">")[0]

    assert pages == [["4", "3"], ["2", "1"], ["0"]]


def eligibility(client, offer):
    return client.send("GET", f"/offers/{offer.pk}/eligibility/")


def test_eligibility_says_of_every_rule_that_it_holds(as_user, customer, offer, check_in):
    check_in(customer)

    response = eligibility(as_user(customer), offer)

    names = ["started", "not_expired", "at_venue", "presence", "membership", "per_customer_limit", "quota"]
    assert response.status_code == 200
    assert response.json() == {
        "offer": str(offer.pk),
        "eligible": True,
        "rules": [{"rule": name, "holds": True, "reason": ""} for name in names],
    }


def test_eligibility_says_why_a_rule_does_not_hold(as_user, customer, make_offer):
    offer = make_offer(presence_required="qr", eligible_memberships=["premium"], total_quota=1, redeemed_count=1)

    response = eligibility(as_user(customer), offer)

    scan = "Scan the venue's current QR code, with your location if it asks for it, to redeem this offer."
    assert response.json() == {
        "offer": str(offer.pk),
        "eligible": False,
        "rules": [
            {"rule": "started", "holds": True, "reason": ""},
            {"rule": "not_expired", "holds": True, "reason": ""},
            {"rule": "at_venue", "holds": False, "reason": "You must be at the venue to redeem this offer."},
            {"rule": "presence", "holds": False, "reason": scan},
            {"rule": "membership", "holds": False, "reason": "This offer is for other membership tiers."},
            {"rule": "per_customer_limit", "holds": True, "reason": ""},
            {"rule": "quota", "holds": False, "reason": "This offer is used up."},
        ],
    }


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"starts_at": timezone.now() + timedelta(days=300), "expires_at": timezone.now() + timedelta(days=400)}, 0),
        ({"starts_at": timezone.now() - timedelta(days=9), "expires_at": timezone.now() - timedelta(days=8)}, 1),
        ({"presence_required": "qr_geo"}, 3),
        ({"eligible_memberships": ["plus"]}, 4),
        ({"total_quota": 3, "redeemed_count": 3}, 6),
    ],
)
def test_what_eligibility_refuses_redeeming_refuses(as_user, customer, make_offer, check_in, fields, rule):
    check_in(customer, "qr")
    Membership.objects.create(user=customer, tier="basic")
    offer, client = make_offer(**fields), as_user(customer)

    explained = eligibility(client, offer).json()
    refused = client.send("POST", "/venues/redeem-offer/", {"offer_id": str(offer.pk)}).json()

    broken = [verdict for verdict in explained["rules"] if not verdict["holds"]]
    assert [explained["rules"].index(verdict) for verdict in broken] == [rule]
    assert (explained["eligible"], broken[0]["reason"]) == (False, refused["error"])


def test_a_redeemed_offer_is_explained_as_redeemed(as_user, customer, offer, check_in):
    check_in(customer)
    redeem_offer(offer_id=offer.pk, by=customer)

    rules = eligibility(as_user(customer), offer).json()["rules"]

    assert rules[5] == {
        "rule": "per_customer_limit",
        "holds": False,
        "reason": "You have already redeemed this offer.",
    }


def test_offers_open_at_a_venue_are_those_one_can_redeem_then(venue, offers):
    tomorrow = timezone.now() + timedelta(hours=2)

    now = selectors.offers_open_at(venue).values_list("title", flat=True)
    later = selectors.offers_open_at(venue, at=tomorrow).values_list("title", flat=True)

    assert list(now) == ["open"]
    assert sorted(later) == ["future", "open"]


def test_a_venues_figures(venue, customer, stranger, make_offer, make_venue, check_in):
    favourite, other, _ = make_offer("Favourite", per_customer_limit=2), make_offer("Other"), make_offer("Never")
    elsewhere = make_offer("Elsewhere", venue=make_venue("Bar Zero"))
    check_in(customer)
    for offer in (favourite, other, favourite):
        redeem_offer(offer_id=offer.pk, by=customer)
    check_in(stranger, at=elsewhere.venue)
    redeem_offer(offer_id=elsewhere.pk, by=stranger)

    assert [offer.title for offer in selectors.top_offers_at(venue)] == ["Favourite", "Other"]
    assert [redemption.offer.title for redemption in selectors.redemptions_at(venue)] == [
        "Favourite",
        "Other",
        "Favourite",
    ]
    assert selectors.offers_at(venue).count() == 3
    assert selectors.redemptions().count() == 4
    assert [redemption.venue.name for redemption in selectors.redemptions_by(stranger)] == ["Bar Zero"]


def test_a_persons_export_holds_their_redemptions(customer, stranger, offer, check_in):
    for guest in (customer, stranger):
        check_in(guest)
        redeem_offer(offer_id=offer.pk, by=guest)

    exported = export_account(customer)["redemptions"]

    redemption = Redemption.objects.get(customer=customer)
    assert exported == [
        {
            "id": redemption.pk,
            "code": redemption.code,
            "offer": "First drink on us",
            "venue": "The Anchor",
            "certainty": "claimed",
            "redeemed_at": redemption.redeemed_at,
        }
    ]


def test_rows_name_themselves(offer, customer, check_in):
    check_in(customer)
    redemption = redeem_offer(offer_id=offer.pk, by=customer)

    assert (str(Offer.objects.get()), str(redemption)) == ("First drink on us", redemption.code)
