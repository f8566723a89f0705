"""The platform's owner and what venues are billed for: subscriptions, payments and refunds, by HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from activity.models import ActivityEntry
from billing.models import Coupon, Payment, Plan, Refund, Subscriber, Subscription
from venues.models import Venue

SUBSCRIPTIONS, PAYMENTS, REFUNDS = "/superuser/subscriptions/", "/superuser/payments/", "/superuser/refunds/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HUGE = 10**30
pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def client(noon, superuser, as_user):
    return as_user(superuser)


@pytest.fixture
def plan(db):
    return Plan.objects.create(slug="basic", name="Basic", price=Decimal("29.00"), currency="GBP", period="month")


@pytest.fixture
def subscribe(plan):
    """A stored subscription of a venue that is none's yet."""

    def make(venue: Venue, **fields) -> Subscription:
        venue.subscriber = Subscriber.objects.create(name=venue.name)
        venue.save()
        period = {"starts_at": NOON - 20 * DAY, "current_period_ends_at": NOON + 8 * DAY}
        stored = {"plan": plan, "status": "active", **period, **fields}
        return Subscription.objects.create(subscriber=venue.subscriber, **stored)

    return make


def test_a_venue_is_subscribed_and_its_subscription_cancelled(client, venue, plan):
    made = client.send("POST", SUBSCRIPTIONS, {"venue": venue.pk, "plan": plan.pk, "trial_days": 30})
    again = client.send("POST", SUBSCRIPTIONS, {"venue": venue.pk, "plan": plan.pk})
    cancelled = client.send("POST", f"{SUBSCRIPTIONS}{made.json()['id']}/cancel/")

    expected = {
        "id": made.json()["id"],
        "venue": {"id": venue.pk, "name": "The Anchor"},
        "plan": {"id": plan.pk, "name": "Basic"},
        "status": "trial",
        "starts_at": "2026-03-01T12:00:00Z",
        "current_period_ends_at": "2026-03-31T12:00:00Z",
        "cancelled_at": None,
    }
    assert (made.status_code, made.json()) == (201, expected)
    assert (again.status_code, again.json()["code"]) == (409, "already_subscribed")
    ended = {**expected, "status": "cancelled", "cancelled_at": "2026-03-01T12:00:00Z"}
    assert (cancelled.status_code, cancelled.json()) == (200, ended)
    assert client.get(SUBSCRIPTIONS).json() == [ended]


def test_a_venue_that_comes_back_is_the_same_subscriber(client, venue, plan):
    body = {"venue": venue.pk, "plan": plan.pk}
    first = client.send("POST", SUBSCRIPTIONS, body).json()
    client.send("POST", f"{SUBSCRIPTIONS}{first['id']}/cancel/")

    second = client.send("POST", SUBSCRIPTIONS, body)

    assert second.status_code == 201
    assert Subscriber.objects.count() == 1


def test_a_venue_that_is_renamed_is_billed_by_its_new_name(client, venue, subscribe):
    subscribe(venue)

    client.send("PATCH", f"/venues/{venue.pk}/", {"name": "The New Anchor"})

    assert Subscriber.objects.get().name == "The New Anchor"


def test_a_payment_with_a_coupon_and_its_refund(client, venue, plan, subscribe):
    Coupon.objects.create(code="WELCOME10", percent=10, valid_from=NOON - DAY)
    subscription = subscribe(venue)
    made = client.send("POST", PAYMENTS, {"subscription": subscription.pk, "coupon": "welcome10"})
    payment_id = made.json()["id"]
    refunded = client.send("POST", f"{PAYMENTS}{payment_id}/refund/", {"amount": "6.10", "reason": "Rain"})
    too_much = client.send("POST", f"{PAYMENTS}{payment_id}/refund/", {"amount": "20.01"})
    rest = client.send("POST", f"{PAYMENTS}{payment_id}/refund/", {})
    nothing = client.send("POST", f"{PAYMENTS}{payment_id}/refund/", {})

    expected = {
        "id": payment_id,
        "subscription": subscription.pk,
        "venue": {"id": venue.pk, "name": "The Anchor"},
        "plan": {"id": plan.pk, "name": "Basic"},
        "amount": "26.10",
        "currency": "GBP",
        "discount": "2.90",
        "coupon": "WELCOME10",
        "refunded": "0.00",
        "paid_at": "2026-03-01T12:00:00Z",
    }
    assert (made.status_code, made.json()) == (201, expected)
    assert (refunded.status_code, refunded.json()) == (
        201,
        {
            "id": refunded.json()["id"],
            "payment": payment_id,
            "amount": "6.10",
            "currency": "GBP",
            "reason": "Rain",
            "refunded_at": "2026-03-01T12:00:00Z",
        },
    )
    assert too_much.json()["details"] == {"amount": ["Only 20.00 GBP of this payment are left."]}
    assert (rest.status_code, rest.json()["amount"]) == (201, "20.00")
    assert (nothing.status_code, nothing.json()["code"]) == (409, "fully_refunded")
    assert client.get(PAYMENTS).json() == [{**expected, "refunded": "26.10"}]


def test_a_coupon_for_the_whole_price_pays_for_what_a_trial_goes_on_with(client, venue, subscribe):
    Coupon.objects.create(code="FREE100", percent=100, valid_from=NOON - DAY)
    trial = subscribe(venue, status="trial")
    body = {"subscription": trial.pk, "coupon": "free100"}

    first, again = (client.send("POST", PAYMENTS, body) for _ in range(2))

    paid = {name: first.json()[name] for name in ("amount", "discount", "coupon", "refunded")}
    assert first.status_code == 201
    assert paid == {"amount": "0.00", "discount": "29.00", "coupon": "FREE100", "refunded": "0.00"}
    assert (again.status_code, again.json()["code"]) == (409, "coupon_used_before")
    [shown] = client.get(SUBSCRIPTIONS).json()
    assert (shown["status"], shown["current_period_ends_at"]) == ("active", "2026-04-09T12:00:00Z")


@pytest.mark.parametrize(("coupon", "left"), [("TENOFF", "19.00"), ("FREE100", "0.00")])
def test_an_amount_that_its_coupon_does_not_leave_is_refused(coupon, left, client, venue, subscribe):
    Coupon.objects.create(code="TENOFF", amount=10, currency="GBP", valid_from=NOON - DAY)
    Coupon.objects.create(code="FREE100", percent=100, valid_from=NOON - DAY)
    body = {"subscription": subscribe(venue).pk, "coupon": coupon}

    refused = client.send("POST", PAYMENTS, {**body, "amount": "1.00"})
    taken = client.send("POST", PAYMENTS, {**body, "amount": left})

    message = f"With this coupon the amount is {left} GBP."
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": message, "code": "amount_refused", "details": {"amount": [message]}},
    )
    assert (taken.status_code, taken.json()["amount"]) == (201, left)
    assert list(Coupon.objects.filter(code=coupon).values_list("redeemed_count", flat=True)) == [1]


def test_the_same_key_pays_and_refunds_once(client, venue, subscribe):
    subscription = subscribe(venue)
    paid = [
        client.send("POST", PAYMENTS, {"subscription": subscription.pk}, HTTP_IDEMPOTENCY_KEY="pay-1") for _ in range(2)
    ]
    refund = f"{PAYMENTS}{paid[0].json()['id']}/refund/"
    back = [client.send("POST", refund, {"amount": "1.00"}, HTTP_IDEMPOTENCY_KEY="back-1") for _ in range(2)]

    assert paid[0].json() == paid[1].json()
    assert back[0].json() == back[1].json()
    assert (Payment.objects.count(), Refund.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("url", "body", "status", "code"),
    [
        *[(SUBSCRIPTIONS, {"venue": value}, 400, "venue_unknown") for value in (404, 2**31, 2**63 - 1)],
        *[(SUBSCRIPTIONS, {"plan": value}, 400, "plan_not_offered") for value in (404, 2**31, 2**63 - 1)],
        (SUBSCRIPTIONS, {"coupon": "NONE"}, 400, "coupon_unknown"),
        *[(PAYMENTS, {"subscription": value}, 400, "subscription_unknown") for value in (404, 2**31, 2**63 - 1)],
        (PAYMENTS, {"coupon": "NONE"}, 400, "coupon_unknown"),
        (PAYMENTS, {"paid_at": "2026-03-01T12:00:01Z"}, 400, "paid_out_of_time"),
        (PAYMENTS, {"amount": "0.00"}, 400, "amount_refused"),
        (PAYMENTS, {"amount": "100000000"}, 400, "amount_refused"),
        ("/superuser/subscriptions/404/cancel/", None, 404, "not_found"),
        ("/superuser/payments/404/refund/", {}, 404, "not_found"),
        *[(SUBSCRIPTIONS, {"venue": value}, 400, "invalid") for value in (None, "3", True, -1, HUGE, [3])],
        *[(SUBSCRIPTIONS, {"plan": value}, 400, "invalid") for value in (None, "1", 0, HUGE)],
        *[(SUBSCRIPTIONS, {"trial_days": value}, 400, "invalid") for value in (None, 0, 91, "7", 1.5)],
        *[(SUBSCRIPTIONS, {"coupon": value}, 400, "invalid") for value in (None, "", 7, "a b", "nul\0", "x" * 41)],
        *[(PAYMENTS, {"subscription": value}, 400, "invalid") for value in (None, "1", 0, HUGE)],
        *[(PAYMENTS, {"amount": value}, 400, "invalid") for value in (None, "", "-1", "1.001", True, "NaN", [1])],
        *[(PAYMENTS, {"paid_at": value}, 400, "invalid") for value in (None, "", "soon", 17)],
        ("/superuser/payments/404/refund/", {"reason": "x" * 256}, 400, "invalid"),
        ("/superuser/payments/404/refund/", {"amount": "x"}, 400, "invalid"),
    ],
    ids=str,
)
def test_bad_input_is_refused_and_stores_nothing(url, body, status, code, client, make_venue, plan, subscribe):
    good = {SUBSCRIPTIONS: {"venue": make_venue("Free").pk, "plan": plan.pk}}
    good[PAYMENTS] = {"subscription": subscribe(make_venue("Paying")).pk}
    before = ActivityEntry.objects.count()

    response = client.send("POST", url, body if body is None else {**good.get(url, {}), **body})

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert status == 404 or set(response.json()["details"]) == set(body)
    assert (Subscription.objects.count(), Payment.objects.count()) == (1, 0)
    assert ActivityEntry.objects.count() == before


def test_lists_are_narrowed(client, make_venue, plan, subscribe):
    anchor, zero = make_venue("The Anchor"), make_venue("Bar Zero")
    first = subscribe(anchor)
    second = subscribe(zero, status="cancelled", cancelled_at=NOON)
    paid = {"amount": 29, "currency": "GBP", "plan": plan}
    for subscription, at in ((first, NOON - DAY), (second, NOON)):
        Payment.objects.create(subscription=subscription, paid_at=at, **paid)

    def names(url, query):
        return [row["venue"]["name"] for row in client.get(url, query).json()]

    assert names(SUBSCRIPTIONS, {}) == names(PAYMENTS, {}) == ["Bar Zero", "The Anchor"]
    assert names(SUBSCRIPTIONS, {"status": "active"}) == ["The Anchor"]
    assert names(SUBSCRIPTIONS, {"status": "live"}) == ["The Anchor"]
    assert names(SUBSCRIPTIONS, {"venue": zero.pk}) == names(PAYMENTS, {"venue": zero.pk}) == ["Bar Zero"]
    assert names(SUBSCRIPTIONS, {"plan": plan.pk + 1}) == names(PAYMENTS, {"plan": plan.pk + 1}) == []
    assert names(PAYMENTS, {"subscription": first.pk}) == ["The Anchor"]
    assert client.get(SUBSCRIPTIONS, {"status": "gone"}).status_code == 400
    assert client.get(PAYMENTS, {"venue": "x"}).status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_lists_take_two_queries_however_long(count, client, make_venue, plan, subscribe, django_assert_num_queries):
    for number in range(count):
        subscription = subscribe(make_venue(f"Venue {number}"))
        payment = Payment.objects.create(subscription=subscription, paid_at=NOON, amount=29, currency="GBP", plan=plan)
        Refund.objects.create(payment=payment, amount=1, refunded_at=NOON)

    for url in (SUBSCRIPTIONS, PAYMENTS, REFUNDS):
        with django_assert_num_queries(2):
            assert len(client.get(url).json()) == count


@pytest.fixture
def money(plan, subscribe, venue):
    """Plants a payment, or a refund of an earlier one, as of that moment."""
    subscription = subscribe(venue)

    def plant(at: str, amount: str, of: Payment | None = None) -> Payment | Refund:
        if of is not None:
            return Refund.objects.create(payment=of, amount=Decimal(amount), refunded_at=at)
        price = {"amount": Decimal(amount), "currency": "GBP", "plan": plan}
        return Payment.objects.create(subscription=subscription, paid_at=at, **price)

    return plant


def test_refunds_are_listed_the_latest_first_and_by_payment(client, money):
    first, second = money("2026-01-05T12:00Z", "29.00"), money("2026-01-05T12:00Z", "59.00")
    early, late = money("2026-01-07T12:00Z", "10.00", first), money("2026-01-07T12:00Z", "9.00", second)

    shown = client.get(REFUNDS).json()

    assert shown[1] == {
        "id": early.pk,
        "payment": first.pk,
        "amount": "10.00",
        "currency": "GBP",
        "reason": "",
        "refunded_at": "2026-01-07T12:00:00Z",
    }
    assert [row["id"] for row in shown] == [late.pk, early.pk]
    assert [row["id"] for row in client.get(REFUNDS, {"payment": first.pk}).json()] == [early.pk]
    assert client.get(REFUNDS, {"payment": second.pk + 1}).json() == []


def test_refunds_are_read_page_by_page(client, money):
    payment = money("2026-01-05T12:00Z", "29.00")
    stored = [money("2026-01-07T12:00Z", "1.00", payment).pk for _ in range(3)]

    pages, url = [], f"{REFUNDS}?limit=2&payment={payment.pk}&from=2026-01-07"
    while url:
        page = client.get(url)
        pages.append([row["id"] for row in page.json()])
        url = page.headers.get("Link", "").partition(">")[0].lstrip("<")

    assert pages == [stored[:0:-1], stored[:1]]


@pytest.mark.parametrize(
    ("query", "paid", "refunded"),
    [
        ({}, ["4.00", "3.00", "2.00", "1.00"], ["0.30", "0.20", "0.10"]),
        ({"from": "2026-02-01"}, ["4.00", "3.00", "2.00"], ["0.30", "0.20"]),
        ({"to": "2026-02-28"}, ["3.00", "2.00", "1.00"], ["0.20", "0.10"]),
        ({"from": "2026-02-01", "to": "2026-02-28"}, ["3.00", "2.00"], ["0.20"]),
        ({"from": "2026-03-01", "to": "2026-02-01"}, [], []),
        ({"from": "0001-01-01", "to": "9999-12-31"}, ["4.00", "3.00", "2.00", "1.00"], ["0.30", "0.20", "0.10"]),
    ],
)
def test_a_months_revenue_is_its_payments_less_its_refunds(query, paid, refunded, client, money):
    january = money("2026-01-31T23:59:59.999999Z", "1.00")
    money("2026-02-01T00:00Z", "2.00")
    money("2026-02-28T23:59:59.999999Z", "3.00")
    money("2026-03-01T00:00Z", "4.00")
    for at, amount in (("2026-01-31T23:59Z", "0.10"), ("2026-02-28T23:59Z", "0.20"), ("2026-03-01T00:00Z", "0.30")):
        money(at, amount, january)

    shown = [[row["amount"] for row in client.get(url, query).json()] for url in (PAYMENTS, REFUNDS)]

    assert shown == [paid, refunded]


@pytest.mark.parametrize(
    ("url", "query"),
    [
        *[(url, {end: day}) for url in (PAYMENTS, REFUNDS) for end in ("from", "to") for day in ("soon", "2026-02-30")],
        *[(REFUNDS, {"payment": value}) for value in ("x", "0", "-1", HUGE)],
        (REFUNDS, {"limit": "0"}),
        (REFUNDS, {"cursor": "made-up"}),
    ],
    ids=str,
)
def test_a_list_is_not_asked_for_what_is_none(url, query, client):
    refused = client.get(url, query)

    assert (refused.status_code, set(refused.json()["details"])) == (400, set(query))


def test_who_is_billed_and_is_no_venue_has_none(client, plan):
    someone = Subscriber.objects.create(name="A vendor")
    period = {"starts_at": NOON, "current_period_ends_at": NOON + DAY}
    Subscription.objects.create(subscriber=someone, plan=plan, status="trial", **period)

    assert [row["venue"] for row in client.get(SUBSCRIPTIONS).json()] == [None]
