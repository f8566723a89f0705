"""What a client may send by mistake or malice is refused by name, and stores nothing."""

import uuid

import pytest

from offers.models import Offer, Redemption

GOOD = {"title": "Happy hour", "starts_at": "2026-03-01T18:00:00Z", "expires_at": "2026-03-01T19:00:00Z"}
HUGE = 10**30

BAD_FIELDS = [
    ("venue", None),
    ("venue", "3"),
    ("venue", True),
    ("venue", 1.5),
    ("venue", [3]),
    ("venue", HUGE),
    ("venue", -1),
    ("title", None),
    ("title", ""),
    ("title", "   "),
    ("title", 7),
    ("title", "x" * 121),
    ("title", "nul\0"),
    ("title", {"en": "x"}),
    ("description", "x" * 2001),
    ("description", "nul\0"),
    ("description", None),
    ("terms", "x" * 2001),
    ("terms", ["x"]),
    ("starts_at", None),
    ("starts_at", ""),
    ("starts_at", "soon"),
    ("starts_at", 1700000000),
    ("starts_at", "2026-13-01T00:00:00Z"),
    ("starts_at", "0001-01-01T00:00:00+14:00"),
    ("expires_at", "9999-12-31T23:59:59-14:00"),
    ("expires_at", ["2026-03-01T19:00:00Z"]),
    ("expires_at", "2026-03-01T18:00:00Z"),
    ("total_quota", 0),
    ("total_quota", -5),
    ("total_quota", "5"),
    ("total_quota", 2.5),
    ("total_quota", True),
    ("total_quota", 2**31),
    ("total_quota", HUGE),
    ("per_customer_limit", 0),
    ("per_customer_limit", None),
    ("per_customer_limit", 2**31),
    ("eligible_memberships", "basic"),
    ("eligible_memberships", None),
    ("eligible_memberships", {"0": "basic"}),
    ("eligible_memberships", ["gold"]),
    ("eligible_memberships", [["basic"]]),
    ("eligible_memberships", ["basic"] * 11),
    ("presence_required", "none"),
    ("presence_required", ""),
    ("presence_required", None),
    ("presence_required", ["qr"]),
    ("budget", -1),
    ("budget", "1.234"),
    ("budget", "12345678901"),
    ("budget", "NaN"),
    ("budget", "Infinity"),
    ("budget", "1e400"),
    ("budget", True),
    ("budget", "nul\0"),
    ("budget", HUGE),
]


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS, ids=lambda value: repr(value)[:30])
def test_a_bad_field_is_named_and_nothing_is_created_or_changed(as_user, owner, offer, field, value):
    client, before = as_user(owner), list(Offer.objects.values())
    body = {**GOOD, "venue": offer.venue_id, field: value}

    responses = [
        client.send("POST", "/offers/", body),
        client.send("PUT", f"/offers/{offer.pk}/", body),
        client.send("PATCH", f"/offers/{offer.pk}/", {**GOOD, field: value}),
    ]

    assert [response.status_code for response in responses] == [400, 400, 400]
    assert [name_of(response) for response in responses] == [field, field, field]
    assert list(Offer.objects.values()) == before


def name_of(response):
    """The one field that was refused; of a list's item, the list."""
    [path] = response.json()["details"]
    return path.split(".")[0]


@pytest.mark.parametrize("field", ["venue", "title", "starts_at", "expires_at"])
def test_a_missing_field_is_named(as_user, owner, venue, field):
    body = {name: value for name, value in {**GOOD, "venue": venue.pk}.items() if name != field}

    response = as_user(owner).send("POST", "/offers/", body)

    assert response.status_code == 400
    assert response.json() == {
        "error": "The input is not valid.",
        "code": "invalid",
        "details": {field: ["This field is required."]},
    }


def test_what_a_client_may_not_set_is_ignored(as_user, owner, venue):
    protected = {
        "id": str(uuid.uuid4()),
        "redeemed_count": 5,
        "withdrawn_at": "2026-01-01T00:00:00Z",
        "created_at": "2020-01-01T00:00:00Z",
        "venue_id": 999,
        "owner": 1,
    }

    response = as_user(owner).send("POST", "/offers/", {**GOOD, "venue": venue.pk, **protected})

    offer = Offer.objects.get()
    assert response.status_code == 201
    assert (str(offer.pk) != protected["id"], offer.redeemed_count, offer.withdrawn_at) == (True, 0, None)
    assert (offer.created_at.year > 2020, offer.venue_id) == (True, venue.pk)


@pytest.mark.parametrize("body", [[], "text", 7, None, [{"id": 1}]])
@pytest.mark.parametrize("path", ["/offers/", "/venues/redeem-offer/", "/venues/delete-offer/"])
def test_a_body_must_be_an_object(as_user, owner, customer, path, body):
    client = as_user(customer if "redeem" in path else owner)

    response = client.post(path, body, content_type="application/json")

    assert response.status_code == 400


BAD_IDS = [None, "", "offer-uuid", 7, HUGE, -1, True, 1.5, [], {}, "nul\0", "x" * 5000]


@pytest.mark.parametrize("value", BAD_IDS, ids=lambda value: repr(value)[:20])
def test_a_bad_offer_id_is_named(as_user, owner, customer, offer, value):
    redeemed = as_user(customer).send("POST", "/venues/redeem-offer/", {"offer_id": value})
    deleted = as_user(owner).send("POST", "/venues/delete-offer/", {"id": value})

    assert (redeemed.status_code, list(redeemed.json()["details"])) == (400, ["offer_id"])
    assert (deleted.status_code, list(deleted.json()["details"])) == (400, ["id"])
    assert (Offer.objects.count(), Redemption.objects.count()) == (1, 0)


def test_a_missing_offer_id_is_named(as_user, owner, customer):
    redeemed = as_user(customer).send("POST", "/venues/redeem-offer/", {})
    deleted = as_user(owner).send("POST", "/venues/delete-offer/", {})

    assert redeemed.json()["details"] == {"offer_id": ["This field is required."]}
    assert deleted.json()["details"] == {"id": ["This field is required."]}


@pytest.mark.parametrize("suffix", ["", "eligibility/"])
@pytest.mark.parametrize("offer_id", ["7", "offer-uuid", str(uuid.UUID(int=0)), "%00", "00000000"])
def test_a_path_that_names_no_offer_is_not_found(as_user, customer, offer_id, suffix):
    response = as_user(customer).send("GET", f"/offers/{offer_id}/{suffix}")

    assert (response.status_code, response.json()) == (404, {"error": "Not found.", "code": "not_found"})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("venue=three", "venue"),
        ("venue=0", "venue"),
        (f"venue={HUGE}", "venue"),
        ("venue=%00", "venue"),
        ("venue=", "venue"),
        ("active=perhaps", "active"),
        ("active=%00", "active"),
        ("withdrawn=perhaps", "withdrawn"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("cursor=forged", "cursor"),
        ("cursor=%00", "cursor"),
    ],
)
def test_a_bad_query_is_named(as_user, customer, query, field):
    response = as_user(customer).send("GET", f"/offers/?{query}")

    assert (response.status_code, list(response.json()["details"])) == (400, [field])
