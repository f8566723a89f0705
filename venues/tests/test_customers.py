from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Block, CustomerProfile, ExternalIdentity, OneTimePassword, Report, Session, User
from accounts.services.privacy import anonymise_account
from activity.models import ActivityEntry
from conftest import PASSWORD, open_pub_session
from venues.models import Presence, Scan, VarId, Venue, Visit

JOHN = {
    "username": "john",
    "password": "Stout-and-ale-4",
    "email": "john@example.com",
    "first_name": "John",
    "last_name": "Doe",
    "gender": "male",
    "customer_profile": {"name": "John D.", "one_line_desc": "I love music!", "interests": ["Music", "Food"]},
}
NOW = "2024-06-01T12:00:00Z"


@pytest.fixture
def clock(db):
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def anchor(owner):
    return Venue.objects.create(name="The Anchor", owner=owner)


@pytest.fixture
def code(anchor):
    return VarId.objects.create(
        venue=anchor,
        value="k3y",
        valid_from=timezone.now() - timedelta(hours=1),
        valid_until=timezone.now() + timedelta(minutes=2),
    )


@pytest.fixture
def request_code(as_user, django_capture_on_commit_callbacks):
    def request(**changes):
        body = {"username": "ann", "email": "ann@example.com", "var_id": "k3y", **changes}
        with django_capture_on_commit_callbacks(execute=True):
            return as_user(None).send("POST", "/customers/login/passwordless/", body)

    return request


def details_of(user, **profile):
    user.refresh_from_db()
    doj = CustomerProfile.objects.get(user=user).doj.isoformat().replace("+00:00", "Z")
    return {
        "id": user.pk,
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "gender": user.gender,
        "user_type": "customer",
        "customer_profile": {
            "name": user.username.title(),
            "one_line_desc": "",
            "interests": [],
            "current_venue": None,
            "doj": doj,
            "is_verified": False,
            "otp_validated": False,
            **profile,
        },
    }


# Registration


def test_registration(clock, as_user):
    response = as_user(None).send("POST", "/register/customer/", JOHN)

    john = User.objects.get()
    assert (response.status_code, response.json()) == (
        201,
        {
            "message": "Customer registered successfully.",
            "user": {
                "id": john.pk,
                "username": "john",
                "email": "john@example.com",
                "first_name": "John",
                "last_name": "Doe",
                "gender": "male",
                "user_type": "customer",
                "customer_profile": {
                    "name": "John D.",
                    "one_line_desc": "I love music!",
                    "interests": ["Music", "Food"],
                    "current_venue": None,
                    "doj": NOW,
                    "is_verified": False,
                    "otp_validated": False,
                },
            },
        },
    )
    assert john.check_password("Stout-and-ale-4")
    assert not Session.objects.exists()


def test_registration_with_the_least(db, as_user):
    body = {"username": "john", "password": "Stout-and-ale-4", "email": "John@Example.COM"}

    response = as_user(None).send("POST", "/register/customer/", body)

    user = response.json()["user"]
    assert response.status_code == 201
    assert (user["email"], user["customer_profile"]["name"]) == ("john@example.com", "john")


def test_registration_takes_nothing_it_does_not_ask_for(db, as_user):
    sent = {
        **JOHN,
        "id": 7,
        "user_type": "superuser",
        "is_superuser": True,
        "is_staff": True,
        "is_active": False,
        "customer_profile": {
            "name": "J",
            "is_verified": True,
            "otp_validated": True,
            "current_venue": 3,
            "doj": "1999-01-01",
        },
    }

    response = as_user(None).send("POST", "/register/customer/", sent)

    john = User.objects.get()
    profile = response.json()["user"]["customer_profile"]
    assert (john.user_type_id, john.is_superuser, john.is_staff, john.is_active) == ("customer", False, False, True)
    assert (profile["is_verified"], profile["otp_validated"], profile["current_venue"]) == (False, False, None)
    assert profile["doj"] > "2020"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"username": "ANN"}, ["username"]),
        ({"email": "Ann@example.com"}, ["email"]),
        ({"username": "Ann", "email": "ann@EXAMPLE.com"}, ["email", "username"]),
        ({"username": "ann", "email": "stranger@example.com"}, ["email", "username"]),
    ],
)
def test_a_name_or_address_that_is_taken_is_named(customer, stranger, as_user, changes, fields):
    response = as_user(None).send("POST", "/register/customer/", {**JOHN, **changes})

    assert (response.status_code, response.json()["code"]) == (400, "taken")
    assert sorted(response.json()["details"]) == fields
    assert User.objects.count() == 2


@pytest.mark.parametrize("password", ["short", "password123", "john@example.com", "1234567"])
def test_a_weak_password_is_refused(db, as_user, password):
    response = as_user(None).send("POST", "/register/customer/", {**JOHN, "password": password})

    assert (response.status_code, response.json()["code"]) == (400, "password_invalid")
    assert list(response.json()["details"]) == ["password"]
    assert not User.objects.exists()


def test_the_documents_password_is_long_enough_where_debug_is_on(db, as_user, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 6}}
    ]

    assert as_user(None).send("POST", "/register/customer/", {**JOHN, "password": "secre"}).status_code == 400
    assert as_user(None).send("POST", "/register/customer/", {**JOHN, "password": "secret"}).status_code == 201


def test_registration_is_limited_by_address(db, as_user, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "registration": "2/minute"}
    weak = {**JOHN, "password": "x"}

    answers = [as_user(None).send("POST", "/register/customer/", weak) for _ in range(3)]
    elsewhere = as_user(None).send("POST", "/register/customer/", weak, REMOTE_ADDR="192.0.2.1")

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert elsewhere.status_code == 400


# By password


def test_signing_in_at_a_venue(customer, anchor, as_user):
    body = {"username": "ANN", "password": PASSWORD, "venue": anchor.pk}

    response = as_user(None).send("POST", "/login/customer/", body)

    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh", "user"}
    assert response.json()["user"] == details_of(customer, current_venue=anchor.pk)
    presence = Presence.objects.get()
    assert (presence.user, presence.venue, presence.certainty) == (customer, anchor, "claimed")
    bearer = f"Bearer {response.json()['access']}"
    mine = as_user(None).send("GET", "/customers/", HTTP_AUTHORIZATION=bearer)
    assert mine.json() == response.json()["user"]


def test_every_refusal_of_a_sign_in_looks_the_same(customer, owner, make_user, anchor, as_user):
    make_user("gone", is_active=False)
    attempts = [("ann", "wrong"), ("nobody", PASSWORD), ("olga", PASSWORD), ("gone", PASSWORD), ("an_", PASSWORD)]

    answers = [
        as_user(None).send("POST", "/login/customer/", {"username": username, "password": password, "venue": anchor.pk})
        for username, password in attempts
    ]

    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (401, {"error": "Invalid username or password.", "code": "bad_credentials"})
    ] * len(attempts)
    assert not Session.objects.exists()
    assert not Presence.objects.exists()


@pytest.mark.parametrize("username", ["ann", "nobody", "olga", "gone"])
def test_every_refusal_of_a_sign_in_hashes_once(
    customer, owner, make_user, anchor, as_user, username, monkeypatch, settings
):
    """What takes time is the hash, so the same number of them is the same time."""
    make_user("gone", is_active=False)
    hashed = []
    settings.PASSWORD_HASHERS = ["venues.tests.counting_hasher.CountingHasher"]
    monkeypatch.setattr("venues.tests.counting_hasher.HASHED", hashed)
    User.objects.exclude(username="nobody").update(password="counting$salt$x")

    as_user(None).send("POST", "/login/customer/", {"username": username, "password": "wrong", "venue": anchor.pk})

    assert len(hashed) == 1


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
@pytest.mark.parametrize("status", ["suspended", "closed", "unknown"])
def test_a_venue_that_takes_no_customers(customer, anchor, as_user, status, password):
    Venue.objects.update(status=status if status != "unknown" else "active")
    venue = anchor.pk if status != "unknown" else 10**6

    response = as_user(None).send("POST", "/login/customer/", {"username": "ann", "password": password, "venue": venue})

    assert (response.status_code, response.json()) == (
        400,
        {
            "error": "Unknown or inactive venue.",
            "code": "venue_inactive",
            "details": {"venue": ["Unknown or inactive venue."]},
        },
    )
    assert not Session.objects.exists()


def test_sign_ins_to_one_account_are_limited(customer, anchor, as_user, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign_in_account": "3/minute"}
    wrong = {"username": "ann", "password": "wrong", "venue": anchor.pk}

    answers = [
        as_user(None).send("POST", "/login/customer/", wrong, REMOTE_ADDR=f"192.0.2.{number}") for number in range(3)
    ]
    right = as_user(None).send("POST", "/login/customer/", {**wrong, "username": "Ann", "password": PASSWORD})

    assert [answer.status_code for answer in answers] == [401] * 3
    assert (right.status_code, right.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(right["Retry-After"]) <= 60
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        again = as_user(None).send("POST", "/login/customer/", {**wrong, "password": PASSWORD})
    assert again.status_code == 200


def test_sign_ins_from_one_address_are_limited_and_do_not_lock_accounts(customer, anchor, as_user, settings):
    limits = {"sign_in_address": "2/minute", "sign_in_account": "3/minute"}
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, **limits}
    wrong = {"username": "ann", "password": "wrong", "venue": anchor.pk}

    answers = [as_user(None).send("POST", "/login/customer/", wrong) for _ in range(6)]
    elsewhere = as_user(None).send("POST", "/login/customer/", {**wrong, "password": PASSWORD}, REMOTE_ADDR="192.0.2.1")

    assert [answer.status_code for answer in answers] == [401, 401, 429, 429, 429, 429]
    assert elsewhere.status_code == 200


# By one-time password


def test_signing_in_by_code(customer, anchor, code, request_code, as_user, issued_codes):
    asked = request_code(username="Ann", email="ANN@example.com")
    otp = {"email": "Ann@example.com", "otp": issued_codes[0].code}

    response = as_user(None).send("POST", "/customers/login/validate-otp/", otp)

    assert (asked.status_code, asked.json()) == (200, {"message": "OTP sent, please check your email."})
    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh", "user"}
    assert response.json()["user"] == details_of(
        customer, current_venue=anchor.pk, is_verified=True, otp_validated=True
    )
    assert [(scan.venue, scan.var_id, scan.user, scan.certainty) for scan in Scan.objects.all()] == [
        (anchor, code, customer, "qr")
    ]
    assert Presence.objects.get().certainty == "qr"
    again = as_user(None).send("POST", "/customers/login/validate-otp/", otp)
    assert (again.status_code, again.json()) == (400, {"error": "Invalid or expired OTP.", "code": "otp_invalid"})


def test_a_var_id_that_expired_since_the_code_was_asked_for_still_lets_in(
    customer, anchor, code, request_code, as_user, issued_codes
):
    request_code()
    with time_machine.travel(timezone.now() + timedelta(minutes=4), tick=False):
        response = as_user(None).send(
            "POST", "/customers/login/validate-otp/", {"email": customer.email, "otp": issued_codes[0].code}
        )

        assert response.status_code == 200
        assert response.json()["user"]["customer_profile"]["current_venue"] == anchor.pk
    assert Scan.objects.count() == 1


@pytest.mark.parametrize(
    "happened", [lambda: Venue.objects.update(status="suspended"), lambda: VarId.objects.all().delete()]
)
def test_a_venue_or_code_that_is_gone_meanwhile_leaves_the_customer_nowhere(
    customer, code, request_code, as_user, issued_codes, happened
):
    request_code()
    happened()

    response = as_user(None).send(
        "POST", "/customers/login/validate-otp/", {"email": customer.email, "otp": issued_codes[0].code}
    )

    assert response.status_code == 200
    assert response.json()["user"]["customer_profile"]["current_venue"] is None


@pytest.mark.parametrize("spoilt", ["unknown", "expired", "not yet", "venue suspended"])
def test_a_code_is_asked_for_with_a_current_var_id_only(customer, anchor, code, request_code, issued_codes, spoilt):
    if spoilt == "venue suspended":
        Venue.objects.update(status="suspended")
    if spoilt == "expired":
        VarId.objects.update(valid_until=timezone.now())
    if spoilt == "not yet":
        VarId.objects.update(valid_from=timezone.now() + timedelta(hours=1))

    response = request_code(var_id="unknown" if spoilt == "unknown" else "k3y")

    assert (response.status_code, response.json()) == (
        400,
        {
            "error": "Unknown or expired var_id.",
            "code": "var_id_invalid",
            "details": {"var_id": ["Unknown or expired var_id."]},
        },
    )
    assert issued_codes == []
    assert not OneTimePassword.objects.exists()


STRANGERS = [
    {"username": "nobody", "email": "nobody@example.com"},
    {"username": "stranger"},
    {"email": "nobody@example.com"},
    {"username": "olga", "email": "olga@example.com"},
]


@pytest.mark.parametrize("asker", STRANGERS, ids=str)
def test_no_code_is_sent_unless_name_and_address_are_one_customers(
    customer, stranger, owner, code, request_code, issued_codes, asker
):
    response = request_code(**asker)

    assert (response.status_code, response.json()) == (200, {"message": "OTP sent, please check your email."})
    assert issued_codes == []


@pytest.mark.parametrize("asker", [{}, *STRANGERS], ids=str)
def test_asking_and_guessing_do_the_same_whoever_asks(
    customer, stranger, owner, code, as_user, asker, issued_codes, django_assert_num_queries
):
    """The job that makes the code runs after commit, which this test's transaction never does."""
    body = {"username": "ann", "email": "ann@example.com", "var_id": "k3y", **asker}
    with django_assert_num_queries(7):
        asked = as_user(None).send("POST", "/customers/login/passwordless/", body)

    with django_assert_num_queries(6):
        guessed = as_user(None).send(
            "POST", "/customers/login/validate-otp/", {"email": body["email"], "otp": "000000"}
        )

    assert (asked.status_code, guessed.status_code) == (200, 400)
    assert issued_codes == []


def test_asking_again_within_a_minute_is_too_often_for_known_and_unknown(customer, code, request_code):
    for email in ("ann@example.com", "nobody@example.com"):
        request_code(email=email)

        again = request_code(email=email)

        assert (again.status_code, again.json()["code"]) == (429, "too_many_requests")
        assert 0 < int(again["Retry-After"]) <= 60


def test_a_wrong_try_stays_counted_under_an_idempotency_key(customer, code, request_code, as_user, issued_codes):
    request_code()
    wrong = f"{(int(issued_codes[0].code) + 1) % 10**6:06}"

    for number in range(5):
        as_user(None).send(
            "POST",
            "/customers/login/validate-otp/",
            {"email": customer.email, "otp": wrong},
            HTTP_IDEMPOTENCY_KEY=f"try-{number}",
        )

    right = {"email": customer.email, "otp": issued_codes[0].code}
    assert as_user(None).send("POST", "/customers/login/validate-otp/", right).status_code == 400


# Own details


def test_own_details(customer, as_user):
    response = as_user(customer).send("GET", "/customers/")

    assert (response.status_code, response.json()) == (200, details_of(customer))
    assert as_user(customer).send("GET", f"/customers/{customer.pk}/").json() == details_of(customer)


def test_own_details_of_who_is_no_customer(owner, as_user):
    response = as_user(owner).send("GET", "/customers/")

    assert (response.json()["user_type"], response.json()["customer_profile"]) == ("venue_owner", None)


def test_own_details_take_two_queries(customer, as_user, django_assert_num_queries):
    client = as_user(customer)

    with django_assert_num_queries(2):
        client.send("GET", "/customers/")


def test_changing_some_details(customer, as_user):
    body = {"last_name": "Ale", "customer_profile": {"interests": ["Darts"]}}

    response = as_user(customer).send("PATCH", f"/customers/{customer.pk}/", body)

    assert (response.status_code, response.json()) == (200, details_of(customer, interests=["Darts"]))
    assert response.json()["last_name"] == "Ale"


def test_changing_all_details(customer, as_user):
    body = {
        "username": "annie",
        "email": "annie@example.com",
        "first_name": "Ann",
        "last_name": "Ale",
        "gender": "female",
        "customer_profile": {"name": "Annie", "one_line_desc": "Hello", "interests": ["Darts"]},
    }

    response = as_user(customer).send("PUT", f"/customers/{customer.pk}/", body)

    expected = details_of(customer, name="Annie", one_line_desc="Hello", interests=["Darts"])
    assert (response.status_code, response.json()) == (200, expected)
    assert {name: response.json()[name] for name in body if name != "customer_profile"} == {
        name: body[name] for name in body if name != "customer_profile"
    }


def test_replacing_details_needs_name_and_address(customer, as_user):
    response = as_user(customer).send("PUT", f"/customers/{customer.pk}/", {"first_name": "Ann"})

    assert response.status_code == 400
    assert sorted(response.json()["details"]) == ["email", "username"]


@pytest.mark.parametrize(
    ("email", "verified"), [("ann@example.com", True), ("ANN@example.com", True), ("new@example.com", False)]
)
def test_a_new_address_is_not_verified(customer, as_user, email, verified):
    CustomerProfile.objects.update(is_verified=True, otp_validated=True)

    response = as_user(customer).send("PATCH", f"/customers/{customer.pk}/", {"email": email})

    profile = response.json()["customer_profile"]
    assert (profile["is_verified"], profile["otp_validated"]) == (verified, verified)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_details_taken_by_someone_else_are_named(customer, stranger, as_user, method):
    body = {"username": "Stranger", "email": "stranger@example.com", "first_name": "Changed"}

    response = as_user(customer).send(method, f"/customers/{customer.pk}/", body)

    customer.refresh_from_db()
    assert (response.status_code, response.json()["code"]) == (400, "taken")
    assert sorted(response.json()["details"]) == ["email", "username"]
    assert (customer.username, customer.first_name) == ("ann", "")


def test_ones_own_name_in_another_case_is_not_taken(customer, as_user):
    response = as_user(customer).send("PATCH", f"/customers/{customer.pk}/", {"username": "ANN"})

    assert (response.status_code, response.json()["username"]) == (200, "ANN")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_protected_details_stay(customer, as_user, method):
    before = User.objects.values().get(pk=customer.pk)
    profile_before = CustomerProfile.objects.values().get()
    protected = {
        "id": 99,
        "uuid": "00000000-0000-0000-0000-000000000000",
        "password": "Other-horse-9",
        "user_type": "superuser",
        "is_superuser": True,
        "is_staff": True,
        "is_active": False,
        "anonymised_at": NOW,
        "date_joined": NOW,
        "customer_profile": {"is_verified": True, "otp_validated": True, "current_venue": 3, "doj": NOW, "user": 99},
    }
    body = {"username": "ann", "email": "ann@example.com", **protected}

    response = as_user(customer).send(method, f"/customers/{customer.pk}/", body)

    after = User.objects.values().get(pk=customer.pk)
    assert response.status_code == 200
    assert {**after, "last_login": None} == {**before, "last_login": None}
    assert CustomerProfile.objects.values().get() == profile_before


def test_who_is_no_customer_has_no_profile_to_change(owner, as_user):
    client = as_user(owner)

    refused = client.send("PATCH", f"/customers/{owner.pk}/", {"customer_profile": {"name": "O"}})
    changed = client.send("PATCH", f"/customers/{owner.pk}/", {"first_name": "Olga"})

    assert (refused.status_code, list(refused.json()["details"])) == (400, ["customer_profile"])
    assert (changed.status_code, changed.json()["first_name"]) == (200, "Olga")


# The superuser's list


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_two_queries_however_long(rows, superuser, make_user, as_user, django_assert_num_queries):
    customers = [make_user(f"guest{number}") for number in range(rows)]
    client = as_user(superuser)

    with django_assert_num_queries(2):
        response = client.send("GET", "/customers/")

    assert response.json() == [details_of(customer, name=customer.username.title()) for customer in customers[::-1]]


def test_the_list_is_paged(superuser, make_user, as_user):
    for number in range(3):
        make_user(f"guest{number}")
    client = as_user(superuser)

    first = client.send("GET", "/customers/?limit=2")
    second = client.send("GET", first["Link"].partition(">")[0].lstrip("<"))

    assert [row["username"] for row in first.json()] == ["guest2", "guest1"]
    assert [row["username"] for row in second.json()] == ["guest0"]
    assert "Link" not in second


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["bob", "ann"]),
        ("q=", ["bob", "ann"]),
        ("q=BOB", ["bob"]),
        ("q=ann@exam", ["ann"]),
        ("q=lager", ["bob"]),
        ("q=guinness", ["ann"]),
        ("q=%25", []),
        ("is_active=true", ["ann"]),
        ("is_active=false", ["bob"]),
        ("is_verified=true", ["ann"]),
        ("is_verified=false", ["bob"]),
        ("gender=male", ["bob"]),
        ("gender=other", []),
        ("is_active=true&gender=male", []),
    ],
)
def test_the_list_is_searched_and_filtered(superuser, owner, make_user, as_user, query, names):
    make_user("ann", first_name="Guinness")
    make_user("bob", last_name="Lager", gender="male", is_active=False)
    CustomerProfile.objects.filter(user__username="ann").update(is_verified=True)

    response = as_user(superuser).send("GET", f"/customers/?{query}")

    assert [row["username"] for row in response.json()] == names


def test_the_list_of_who_is_at_a_venue(superuser, customer, stranger, anchor, as_user):
    as_user(None).send("POST", "/login/customer/", {"username": "ann", "password": PASSWORD, "venue": anchor.pk})

    here = as_user(superuser).send("GET", f"/customers/?venue={anchor.pk}")
    elsewhere = as_user(superuser).send("GET", f"/customers/?venue={anchor.pk + 1}")

    assert here.json() == [details_of(customer, current_venue=anchor.pk)]
    assert elsewhere.json() == []


# The password


def test_changing_ones_password(customer, as_user):
    elsewhere = open_pub_session(customer)
    client = as_user(customer)
    body = {"old_password": PASSWORD, "new_password": "Another-horse-8"}

    response = client.send("POST", "/customers/password/", body)

    assert (response.status_code, set(response.json())) == (200, {"access", "refresh"})
    assert client.send("GET", "/customers/").status_code == 401
    dead = as_user(None).send("GET", "/customers/", HTTP_AUTHORIZATION=f"Bearer {elsewhere.tokens.access}")
    fresh = as_user(None).send("GET", "/customers/", HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
    assert (dead.status_code, fresh.status_code) == (401, 200)
    customer.refresh_from_db()
    assert customer.check_password("Another-horse-8")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"old_password": "wrong", "new_password": "Another-horse-8"}, "wrong_password", "old_password"),
        ({"old_password": "", "new_password": "Another-horse-8"}, "wrong_password", "old_password"),
        ({"new_password": "Another-horse-8"}, "wrong_password", "old_password"),
        ({"old_password": PASSWORD, "new_password": "short"}, "password_invalid", "new_password"),
        ({"old_password": PASSWORD}, "invalid", "new_password"),
    ],
)
def test_a_refused_password_change_ends_nothing(customer, as_user, body, code, field):
    client = as_user(customer)

    response = client.send("POST", "/customers/password/", body)

    assert (response.status_code, response.json()["code"], list(response.json()["details"])) == (400, code, [field])
    assert client.send("GET", "/customers/").status_code == 200
    customer.refresh_from_db()
    assert customer.check_password(PASSWORD)


def test_who_has_no_password_sets_one(customer, as_user):
    customer.set_unusable_password()
    customer.save()

    response = as_user(customer).send("POST", "/customers/password/", {"new_password": "Another-horse-8"})

    assert response.status_code == 200
    customer.refresh_from_db()
    assert customer.check_password("Another-horse-8")


def test_guessing_the_old_password_is_limited(customer, as_user, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign_in_account": "2/minute"}
    client = as_user(customer)
    body = {"old_password": "wrong", "new_password": "Another-horse-8"}

    answers = [client.send("POST", "/customers/password/", body) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]


# Leaving


def test_the_export_holds_everything_but_secrets(customer, stranger, anchor, as_user):
    as_user(None).send("POST", "/login/customer/", {"username": "ann", "password": PASSWORD, "venue": anchor.pk})
    client = as_user(customer)
    client.send("POST", f"/customers/{stranger.pk}/block/")
    client.send("POST", f"/customers/{stranger.pk}/report/", {"reason": "Shouts."})
    ExternalIdentity.objects.create(user=customer, issuer="https://id.example", subject="42")

    response = client.send("GET", "/customers/me/export/")

    held = response.json()
    assert response.status_code == 200
    assert response["Content-Disposition"] == 'attachment; filename="export.json"'
    assert held["account"]["username"] == "ann"
    assert held["profile"]["name"] == "Ann"
    assert len(held["sessions"]) == 2
    assert held["external_identities"][0]["subject"] == "42"
    assert held["blocks"][0]["username"] == "stranger"
    assert held["reports"][0]["reason"] == "Shouts."
    secrets = [customer.password, *Session.objects.values_list("refresh_hash", flat=True)]
    assert [secret for secret in secrets if secret in response.content.decode()] == []


def test_leaving(customer, stranger, anchor, as_user):
    as_user(None).send("POST", "/login/customer/", {"username": "ann", "password": PASSWORD, "venue": anchor.pk})
    client = as_user(customer, HTTP_USER_AGENT="Ann's phone")
    client.send("POST", f"/customers/{stranger.pk}/block/")
    client.send("POST", f"/customers/{stranger.pk}/report/", {"reason": "Shouts."})
    ExternalIdentity.objects.create(user=customer, issuer="https://id.example", subject="42")
    OneTimePassword.objects.create(surface="pub", email=customer.email, expires_at=timezone.now())

    response = client.send("DELETE", "/customers/me/", {"password": PASSWORD})

    assert (response.status_code, response.content) == (204, b"")
    assert client.send("GET", "/customers/").status_code == 401
    nobody = User.objects.get(pk=customer.pk)
    assert nobody.username.startswith("deleted-")
    assert str(customer.uuid) not in nobody.username
    assert nobody.email == f"{nobody.username}@deleted.invalid"
    assert (nobody.first_name, nobody.last_name, nobody.gender, nobody.is_active) == ("", "", "", False)
    assert not nobody.has_usable_password()
    assert CustomerProfile.objects.values_list("name", "one_line_desc", "interests").get(user=nobody) == ("", "", [])
    assert set(Session.objects.filter(user=nobody).values_list("device", flat=True)) == {""}
    assert not Session.objects.filter(user=nobody, revoked_at=None).exists()
    assert not ExternalIdentity.objects.exists()
    assert not OneTimePassword.objects.exists()
    assert not Block.objects.exists()
    assert Report.objects.get().reporter is None


def test_who_left_frees_their_name_and_address(customer, as_user):
    as_user(customer).send("DELETE", "/customers/me/", {"password": PASSWORD})

    response = as_user(None).send(
        "POST", "/register/customer/", {**JOHN, "username": "ann", "email": "ann@example.com"}
    )

    assert response.status_code == 201
    assert response.json()["user"]["id"] != customer.pk


@pytest.mark.parametrize("body", [{"password": "wrong"}, {"password": ""}, {}, None])
def test_leaving_takes_the_password(customer, as_user, body):
    response = as_user(customer).send("DELETE", "/customers/me/", body)

    assert (response.status_code, list(response.json()["details"])) == (400, ["password"])
    customer.refresh_from_db()
    assert customer.is_active


def test_being_deleted_by_the_superuser(customer, superuser, as_user):
    session = open_pub_session(customer)
    client = as_user(superuser)

    response = client.send("DELETE", f"/customers/{customer.pk}/")

    assert response.status_code == 204
    assert User.objects.get(pk=customer.pk).username.startswith("deleted-")
    assert ActivityEntry.objects.get(type="account_anonymised").actor == superuser
    bearer = f"Bearer {session.tokens.access}"
    assert as_user(None).send("GET", "/customers/", HTTP_AUTHORIZATION=bearer).status_code == 401
    for method in ("GET", "PATCH", "DELETE"):
        assert client.send(method, f"/customers/{customer.pk}/", {}).status_code == 404
    assert client.send("GET", "/customers/").json() == []


def test_history_of_who_left_stays(customer, anchor):
    Visit.objects.create(user=customer, venue=anchor, certainty="qr", started_at=timezone.now())

    anonymise_account(user=customer, by=customer)

    assert Visit.objects.filter(venue=anchor).count() == 1


# Other people


def test_blocking_twice_is_blocking_once(customer, stranger, as_user):
    client = as_user(customer)

    answers = [client.send("POST", f"/customers/{stranger.pk}/block/") for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"message": "Blocked."})] * 2
    assert Block.objects.filter(blocker=customer, blocked=stranger).count() == 1


def test_unblocking(customer, stranger, as_user):
    client = as_user(customer)
    client.send("POST", f"/customers/{stranger.pk}/block/")

    answers = [client.send("POST", f"/customers/{stranger.pk}/unblock/") for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"message": "Unblocked."})] * 2
    assert not Block.objects.exists()


def test_unblocking_leaves_others_blocks_alone(customer, stranger, as_user):
    as_user(stranger).send("POST", f"/customers/{customer.pk}/block/")

    as_user(customer).send("POST", f"/customers/{stranger.pk}/unblock/")

    assert Block.objects.filter(blocker=stranger, blocked=customer).exists()


def test_reporting(customer, stranger, as_user):
    response = as_user(customer).send("POST", f"/customers/{stranger.pk}/report/", {"reason": "Shouts."})

    report = Report.objects.get()
    assert (response.status_code, response.json()) == (201, {"message": "Reported."})
    assert (report.reporter, report.reported, report.reason) == (customer, stranger, "Shouts.")


@pytest.mark.parametrize("act", ["block", "report"])
def test_nobody_blocks_or_reports_themselves(customer, as_user, act):
    response = as_user(customer).send("POST", f"/customers/{customer.pk}/{act}/", {"reason": "Me."})

    assert (response.status_code, response.json()["code"]) == (400, "oneself")
    assert not Block.objects.exists()
    assert not Report.objects.exists()
