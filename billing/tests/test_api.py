from decimal import Decimal

import pytest
import time_machine

from billing.models import Coupon, Plan

PLANS, COUPONS = "/superuser/plans/", "/superuser/coupons/"
PLAN = {"name": "Basic", "price": "29.00", "currency": "GBP", "period": "month"}
COUPON = {"code": "SPRING", "percent": 20}
HUGE = 10**30
NOON = "2026-03-01T12:00:00Z"


@pytest.fixture
def client(superuser, as_user):
    with time_machine.travel(NOON, tick=False):
        return as_user(superuser)


@time_machine.travel(NOON, tick=False)
def test_a_plan_is_made_shown_and_changed(client):
    made = client.send("POST", PLANS, PLAN)
    plan_id = made.json()["id"]
    changed = client.send("PATCH", f"{PLANS}{plan_id}/", {"price": 31.5, "active": False})

    expected = {
        "id": plan_id,
        "slug": "basic",
        "name": "Basic",
        "price": "29.00",
        "currency": "GBP",
        "period": "month",
        "active": True,
        "created_at": NOON,
    }
    assert (made.status_code, made.json()) == (201, expected)
    assert (changed.status_code, changed.json()) == (200, {**expected, "price": "31.50", "active": False})
    assert client.get(f"{PLANS}{plan_id}/").json() == client.get(PLANS).json()[0] == changed.json()


@time_machine.travel(NOON, tick=False)
def test_a_coupon_is_made_and_listed(client):
    made = client.send("POST", COUPONS, {**COUPON, "valid_until": "2026-04-01T00:00:00Z", "total_limit": 5})

    expected = {
        "id": made.json()["id"],
        "code": "SPRING",
        "percent": 20,
        "amount": None,
        "currency": "",
        "valid_from": NOON,
        "valid_until": "2026-04-01T00:00:00Z",
        "total_limit": 5,
        "per_venue_limit": 1,
        "redemptions": 0,
        "remaining": 5,
        "created_at": NOON,
    }
    assert (made.status_code, made.json()) == (201, expected)
    assert client.get(COUPONS).json() == [expected]


@time_machine.travel(NOON, tick=False)
def test_the_same_key_makes_one_plan_and_one_coupon(client):
    for url, body, model in ((PLANS, PLAN, Plan), (COUPONS, COUPON, Coupon)):
        answers = [client.send("POST", url, body, HTTP_IDEMPOTENCY_KEY="k1") for _ in range(2)]
        other = client.send("POST", url, {**body, "name": "Other", "code": "OTHER"}, HTTP_IDEMPOTENCY_KEY="k1")

        assert answers[0].json() == answers[1].json()
        assert [answer.status_code for answer in answers] + [other.status_code] == [201, 201, 409]
        assert model.objects.count() == 1


@time_machine.travel(NOON, tick=False)
def test_a_plan_in_use_refuses_another_currency(client, subscription):
    response = client.send("PATCH", f"{PLANS}{subscription.plan_id}/", {"currency": "EUR"})

    assert (response.status_code, response.json()["code"]) == (409, "plan_in_use")
    assert Plan.objects.get().currency == "GBP"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("name", value) for value in (None, "", "  ", 7, "x" * 61, "nul\0", ["x"])],
        *[("price", value) for value in (None, "", "free", "-1", -1, True, "1.001", HUGE, "NaN", "1e3", "100000000")],
        *[("currency", value) for value in (None, "", "gbp", "GBPX", " GBP", "GB\n", 826, "£££", "GBP\n", ["GBP"])],
        *[("period", value) for value in (None, "", "week", 1, ["month"])],
        *[("active", value) for value in (None, "yes", 1)],
    ],
    ids=str,
)
@time_machine.travel(NOON, tick=False)
def test_a_bad_plan_is_refused_by_name(field, value, client):
    response = client.send("POST", PLANS, {**PLAN, field: value})

    assert (response.status_code, list(response.json()["details"])) == (400, [field])
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        *[({"code": value}, ["code"]) for value in (None, "", "A B", "x" * 41, 7, "ü", "nul\0", ["X"], "AB\n")],
        *[({"percent": value}, ["percent"]) for value in (0, 101, -5, 2.5, "20", True, HUGE)],
        ({"percent": None}, ["amount", "percent"]),
        ({"amount": "5.00"}, ["amount", "percent"]),
        ({"percent": None, "amount": "5.00"}, ["currency"]),
        ({"percent": None, "amount": "0.00", "currency": "GBP"}, ["amount"]),
        ({"percent": None, "amount": "100000000", "currency": "GBP"}, ["amount"]),
        ({"percent": None, "amount": "x", "currency": "GBP"}, ["amount"]),
        ({"currency": "GBP"}, ["currency"]),
        *[({"valid_from": value}, ["valid_from"]) for value in (None, "", "soon", 17, "9999-12-31T23:59:59-14:00")],
        ({"valid_until": "2026-01-01T00:00:00Z"}, ["valid_until"]),
        *[({"total_limit": value}, ["total_limit"]) for value in (0, "5", 2**31, HUGE)],
        *[({"per_venue_limit": value}, ["per_venue_limit"]) for value in (0, None, 2**31)],
    ],
    ids=str,
)
@time_machine.travel(NOON, tick=False)
def test_a_bad_coupon_is_refused_by_name(changes, named, client):
    response = client.send("POST", COUPONS, {**COUPON, **changes})

    assert (response.status_code, sorted(response.json()["details"])) == (400, named)
    assert not Coupon.objects.exists()


@time_machine.travel(NOON, tick=False)
def test_what_is_taken_is_refused_by_name(client, plan, coupon):
    taken = [client.send("POST", PLANS, PLAN), client.send("POST", COUPONS, {"code": "welcome10", "percent": 5})]

    assert [answer.json()["details"] for answer in taken] == [
        {"name": ["Another plan is called that."]},
        {"code": ["There is a coupon with this code."]},
    ]


@pytest.mark.parametrize("count", [1, 3])
@time_machine.travel(NOON, tick=False)
def test_lists_take_two_queries_however_long(count, client, make_plan, make_coupon, django_assert_num_queries):
    for number in range(count):
        make_plan(f"Plan{number}", price=Decimal(number))
        make_coupon(f"CODE{number}")

    for url in (PLANS, COUPONS):
        with django_assert_num_queries(2):
            assert len(client.get(url).json()) == count
