"""The platform's owner signs venues and people up, and sees how each venue stands."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from accounts.events import UserInvited
from accounts.models import Invitation, User
from billing.models import Payment, Plan, Subscriber, Subscription
from core.events import with_it
from venues.models import Certainty, OpeningHours, Scan, VarId, Venue

VENUES, USERS = "/superuser/venues/", "/superuser/users/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LAMB = {"name": "The Lamb", "contact_name": "Lena Brook", "contact_email": "Lena@example.com"}
INVITED: list[UserInvited] = []
with_it(UserInvited)(INVITED.append)
pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def noon():
    INVITED.clear()
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def client(noon, superuser, as_user):
    return as_user(superuser)


@pytest.fixture
def plan(db):
    return Plan.objects.create(slug="basic", name="Basic", price=Decimal("29.00"), currency="GBP", period="month")


def stored() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Venue, User, Invitation, Subscription, Subscriber, OpeningHours))


def test_a_venue_comes_with_its_owner_an_invitation_and_a_trial(client, plan, as_user):
    hours = [{"day": "friday", "opens": "17:00", "closes": "02:00"}]
    made = client.send("POST", VENUES, {**LAMB, "address": "94 Conduit Street", "opening_hours": hours})

    venue, owner, trial = Venue.objects.get(), User.objects.get(username="lena"), Subscription.objects.get()
    assert (made.status_code, made.json()) == (
        201,
        {
            "id": venue.pk,
            "name": "The Lamb",
            "address": "94 Conduit Street",
            "status": "active",
            "subscription": {
                "id": trial.pk,
                "plan": "Basic",
                "status": "trial",
                "current_period_ends_at": "2026-03-15T12:00:00Z",
            },
            "last_payment": None,
            "last_qr_scanned": None,
            "owner": {
                "id": owner.pk,
                "username": "lena",
                "email": "lena@example.com",
                "user_type": "venue_owner",
                "invitation_expires_at": "2026-03-08T12:00:00Z",
            },
        },
    )
    assert (venue.owner, venue.contact_email, owner.first_name) == (owner, "lena@example.com", "Lena Brook")
    [invited] = INVITED
    accepted = as_user(None).send("POST", f"/invitations/{invited.token}/", {"password": "Quite-new-horse-5"})
    assert accepted.status_code == 200
    owner.refresh_from_db()
    assert as_user(owner).get(f"/overview/{venue.pk}/").status_code == 200


def test_the_owners_name_and_the_plan_may_be_given(client, plan):
    premium = Plan.objects.create(slug="p", name="Premium", price=59, currency="GBP", period="year")

    made = client.send("POST", VENUES, {**LAMB, "username": "lamb-owner", "plan": premium.pk})

    assert (made.json()["owner"]["username"], made.json()["subscription"]["plan"]) == ("lamb-owner", "Premium")


def test_a_new_venue_is_open_whatever_is_asked(client, plan):
    made = client.send("POST", VENUES, {**LAMB, "status": "closed"})

    assert (made.status_code, made.json()["status"]) == (201, "active")


def test_a_name_made_of_the_address_is_made_free(client, owner, plan):
    made = client.send("POST", VENUES, {**LAMB, "contact_email": "olga@elsewhere.example"})

    assert made.status_code == 201
    assert made.json()["owner"]["username"].startswith("olga-")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"contact_email": "olga@example.com"}, ["contact_email"]),
        ({"contact_email": "new@example.com", "username": "OLGA"}, ["username"]),
        ({"plan": 404}, ["plan"]),
        ({"latitude": 51.5}, ["latitude", "longitude"]),
        (
            {"opening_hours": [{"day": "friday", "opens": "17:00", "closes": end} for end in ("01:00", "02:00")]},
            ["opening_hours"],
        ),
        *[({"contact_email": value}, ["contact_email"]) for value in (None, "", "x", 7, "a@b", "nul\0@example.com")],
        *[({"name": value}, ["name"]) for value in (None, "", 7, "x" * 121)],
        *[({"username": value}, ["username"]) for value in (None, "", "a b", "ü", 7, "x" * 151)],
        *[({"plan": value}, ["plan"]) for value in (None, "1", 0, 10**30)],
        ({"contact_name": "x" * 121}, ["contact_name"]),
        ({"time_zone": "Mars/Base"}, ["time_zone"]),
        ({"qr_settings": {}}, ["qr_settings.qr_gen_frequency_hours"]),
    ],
    ids=str,
)
def test_what_cannot_be_signed_up_is_refused_by_name_and_nothing_is_made(changes, named, client, owner, plan):
    before = stored()

    response = client.send("POST", VENUES, {**LAMB, **changes})

    assert (response.status_code, sorted(response.json()["details"])) == (400, named)
    assert stored() == before


def test_without_a_plan_no_venue_is_signed_up(client):
    response = client.send("POST", VENUES, LAMB)

    assert (response.status_code, response.json()["code"]) == (400, "plan_not_offered")
    assert not Venue.objects.exists()


def test_the_same_key_signs_one_venue_up(client, plan):
    answers = [client.send("POST", VENUES, LAMB, HTTP_IDEMPOTENCY_KEY="k1") for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert (Venue.objects.count(), len(INVITED)) == (1, 1)


@pytest.fixture
def three_venues(make_venue, make_user, customer, plan):
    """One that pays and is scanned, one that paid, and one that is neither."""
    anchor = make_venue("The Anchor", address="34 Park Street", contact_email="desk@anchor.example")
    zero = make_venue("Bar Zero", status="suspended", owner=make_user("zoe", "venue_owner"))
    make_venue("Luna", address="Anchor Lane")
    for venue, status, ended in ((anchor, "active", None), (zero, "cancelled", NOON)):
        venue.subscriber = Subscriber.objects.create(name=venue.name)
        venue.save()
        period = {"starts_at": NOON - 40 * DAY, "current_period_ends_at": NOON + DAY}
        subscription = Subscription.objects.create(
            subscriber=venue.subscriber, plan=plan, status=status, cancelled_at=ended, **period
        )
        for days in (30, 2):
            paid = {"amount": 29 + days, "currency": "GBP", "paid_at": NOON - days * DAY}
            Payment.objects.create(subscription=subscription, plan=plan, **paid)
    code = VarId.objects.create(venue=anchor, value="v1", valid_from=NOON - DAY, is_named=True)
    for hours in (5, 3):
        at = NOON - timedelta(hours=hours)
        Scan.objects.create(venue=anchor, var_id=code, user=customer, certainty=Certainty.QR, scanned_at=at)
    return anchor


def test_a_venue_is_listed_with_what_it_pays_and_when_it_was_scanned(client, three_venues):
    row = client.get(VENUES).json()[0]

    subscription, payment = Subscription.objects.get(status="active"), Payment.objects.order_by("paid_at", "id")[2]
    assert row == {
        "id": three_venues.pk,
        "name": "The Anchor",
        "address": "34 Park Street",
        "status": "active",
        "subscription": {
            "id": subscription.pk,
            "plan": "Basic",
            "status": "active",
            "current_period_ends_at": "2026-03-02T12:00:00Z",
        },
        "last_payment": {
            "id": payment.pk,
            "amount": "31.00",
            "currency": "GBP",
            "paid_at": "2026-02-27T12:00:00Z",
        },
        "last_qr_scanned": "2026-03-01T09:00:00Z",
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["The Anchor", "Bar Zero", "Luna"]),
        ({"q": "anchor"}, ["The Anchor", "Luna"]),
        ({"q": "zoe"}, ["Bar Zero"]),
        ({"q": "desk@"}, ["The Anchor"]),
        ({"status": "suspended"}, ["Bar Zero"]),
        ({"subscription": "active"}, ["The Anchor"]),
        ({"subscription": "cancelled"}, ["Bar Zero"]),
        ({"subscription": "none"}, ["Luna"]),
        ({"subscription": "none", "q": "zero"}, []),
        ({"order": "-id"}, ["Luna", "Bar Zero", "The Anchor"]),
        ({"order": "name"}, ["Bar Zero", "Luna", "The Anchor"]),
        ({"order": "-name"}, ["The Anchor", "Luna", "Bar Zero"]),
        ({"order": "last_qr_scanned"}, ["Bar Zero", "Luna", "The Anchor"]),
        ({"order": "-last_qr_scanned"}, ["The Anchor", "Luna", "Bar Zero"]),
    ],
    ids=str,
)
def test_the_list_is_searched_narrowed_and_ordered_over_pages(query, names, client, three_venues):
    seen, response = [], client.get(VENUES, {**query, "limit": 2})
    while True:
        seen += [row["name"] for row in response.json()]
        if "Link" not in response.headers:
            break
        response = client.get(response.headers["Link"].split(";")[0].strip("<>"))

    assert seen == names


@pytest.mark.parametrize("name", ["status", "subscription", "order", "limit", "cursor"])
def test_what_cannot_be_asked_is_named(name, client):
    response = client.get(VENUES, {name: "x"})

    assert (response.status_code, list(response.json()["details"])) == (400, [name])


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_four_queries_however_long(count, client, make_venue, plan, django_assert_num_queries):
    for number in range(count):
        subscriber = Subscriber.objects.create(name=f"Venue {number}")
        make_venue(f"Venue {number}", subscriber=subscriber)
        period = {"starts_at": NOON, "current_period_ends_at": NOON + DAY, "status": "active"}
        subscription = Subscription.objects.create(subscriber=subscriber, plan=plan, **period)
        Payment.objects.create(subscription=subscription, plan=plan, amount=29, currency="GBP", paid_at=NOON)

    with django_assert_num_queries(4):
        assert len(client.get(VENUES, {"order": "-last_qr_scanned"}).json()) == count


@pytest.mark.parametrize("user_type", ["vendor", "support", "venue_owner"])
def test_people_are_made_by_invitation(user_type, client):
    made = client.send("POST", USERS, {"username": "vera", "email": "Vera@example.com", "user_type": user_type})

    user = User.objects.get(username="vera")
    assert (made.status_code, made.json()) == (
        201,
        {
            "id": user.pk,
            "username": "vera",
            "email": "vera@example.com",
            "user_type": user_type,
            "invitation_expires_at": "2026-03-08T12:00:00Z",
        },
    )
    assert (user.user_type_id, user.is_superuser, user.is_staff) == (user_type, False, False)
    assert [event.user_id for event in INVITED] == [user.pk]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("user_type", value) for value in (None, "", "superuser", "customer", "member", 2, ["vendor"])],
        *[("username", value) for value in (None, "", "a b", "olga", "OLGA", "ü", 7, "x" * 151, "nul\0")],
        *[("email", value) for value in (None, "", "x", "olga@example.com", "OLGA@example.com", 7, ["a@example.com"])],
    ],
    ids=str,
)
def test_who_cannot_be_made_is_refused_by_name(field, value, client, owner):
    body = {"username": "vera", "email": "vera@example.com", "user_type": "vendor", field: value}

    response = client.send("POST", USERS, body)

    assert (response.status_code, list(response.json()["details"])) == (400, [field])
    assert not User.objects.filter(username="vera").exists()
    assert INVITED == []
