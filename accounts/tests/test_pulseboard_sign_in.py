"""Joining Pulseboard, and signing in by a code that comes by mail."""

import jwt
import pytest
import time_machine
from django.conf import settings as configured

from accounts.errors import OneTimePasswordRefused, TokenInvalid
from accounts.events import EmailProved
from accounts.models import CustomerProfile, OneTimePassword, Session, User, UserType
from accounts.services import one_time_passwords
from accounts.services.one_time_passwords import Asker, issue_one_time_password, request_one_time_password
from accounts.services.registration import deactivate_user
from accounts.tests.browsers import COOKIES, POLICY
from accounts.tokens import read_access_token, read_refresh_token
from conftest import PASSWORD, ApiClient

pytestmark = pytest.mark.django_db

NOON = "2026-03-01T12:00:00Z"
JOHN = {
    "username": "johndoe",
    "password": "securePassword123",
    "email": "john@example.com",
    "full_name": "John Doe",
}
REFUSED = {"status": "error", "message": "Invalid or expired OTP.", "code": "otp_invalid"}
TEXT = ["Not a valid string."]
MISSING = ["This field is required."]
NULL = ["This field may not be null."]
BLANK = ["This field may not be blank."]
NO_ADDRESS = ["Enter a valid email address."]
NO_NAME = (
    "Enter a valid username. This value may contain only unaccented lowercase a-z and uppercase A-Z letters, numbers, "
    "and @/./+/-/_ characters."
)
NUL = ["Null characters are not allowed."]


@pytest.fixture
def nobody():
    return ApiClient()


@pytest.fixture
def ask(issued_codes):
    """Ask for a code and have the job make it."""

    def ask(email="ann@example.com", surface="pulseboard", **asker):
        issued_codes.clear()
        asked = request_one_time_password(surface=surface, asker=Asker(email=email, **asker))
        issue_one_time_password(asked.pk)
        return issued_codes[0].code

    return ask


def verify(client, code, email="ann@example.com"):
    return client.send("POST", "/api/verify-otp/", {"email": email, "otp": code})


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def invalid(**fields):
    return {"status": "error", "message": "The input is not valid.", "code": "invalid", "errors": fields}


def test_the_documents_registration(nobody):
    answer = nobody.send("POST", "/api/register/", JOHN)

    john = User.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {"status": "success", "message": "User registered successfully!"}
    assert (john.username, john.email, john.user_type_id) == ("johndoe", "john@example.com", UserType.MEMBER)
    assert (john.first_name, john.last_name) == ("John", "Doe")
    assert john.check_password("securePassword123")
    assert not answer.cookies
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("full_name", "names"),
    [
        ("John", ("John", "")),
        ("  John   van der  Doe ", ("John", "van der  Doe")),
        ("Zoë O'Brien-Łęcka", ("Zoë", "O'Brien-Łęcka")),
        ("J" * 150, ("J" * 150, "")),
        ("J " + "D" * 148, ("J", "D" * 148)),
    ],
)
def test_a_full_name_is_parted_at_its_first_space(nobody, full_name, names):
    answer = nobody.send("POST", "/api/register/", {**JOHN, "full_name": full_name})

    john = User.objects.get()
    assert answer.status_code == 201
    assert (john.first_name, john.last_name) == names


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"username": None}, {"username": NULL}),
        ({"username": ""}, {"username": BLANK}),
        ({"username": 7}, {"username": TEXT}),
        ({"username": "x" * 151}, {"username": ["Ensure this field has no more than 150 characters."]}),
        ({"username": "a\0b"}, {"username": [NO_NAME, *NUL]}),
        ({"username": "a b"}, {"username": [NO_NAME]}),
        ({"username": "zoë"}, {"username": [NO_NAME]}),
        ({"email": "nonsense"}, {"email": NO_ADDRESS}),
        ({"email": ["a@example.com"]}, {"email": NO_ADDRESS}),
        ({"email": f"{'x' * 250}@example.com"}, {"email": ["Ensure this field has no more than 254 characters."]}),
        ({"password": ""}, {"password": BLANK}),
        ({"password": {}}, {"password": TEXT}),
        ({"password": "x" * 129}, {"password": ["Ensure this field has no more than 128 characters."]}),
        ({"password": "a\0bcdefgh"}, {"password": NUL}),
        ({"full_name": "   "}, {"full_name": BLANK}),
        ({"full_name": True}, {"full_name": TEXT}),
        ({"full_name": "x" * 151}, {"full_name": ["Ensure this field has no more than 150 characters."]}),
        ({"full_name": "a\0b"}, {"full_name": NUL}),
    ],
)
def test_bad_registrations_name_the_field(nobody, change, errors):
    answer = nobody.send("POST", "/api/register/", {**JOHN, **change})

    assert (answer.status_code, answer.json()) == (400, invalid(**errors))
    assert not User.objects.exists()


def test_a_registration_of_nothing_names_every_field(nobody):
    answer = nobody.send("POST", "/api/register/", {})

    assert answer.status_code == 400
    assert answer.json() == invalid(username=MISSING, password=MISSING, email=MISSING, full_name=MISSING)


@pytest.mark.parametrize("body", [[], "x", 7, None])
def test_a_registration_that_is_no_object_is_refused(nobody, body):
    answer = nobody.send("POST", "/api/register/", body)

    assert answer.status_code in {400, 415}
    assert answer.json()["status"] == "error"


def test_nobody_makes_themselves_more_than_a_member(nobody):
    more = {"user_type": "superuser", "is_superuser": True, "is_staff": True, "id": 77, "is_active": False}

    answer = nobody.send("POST", "/api/register/", {**JOHN, **more})

    john = User.objects.get()
    assert answer.status_code == 201
    assert (john.user_type_id, john.is_superuser, john.is_staff, john.is_active) == ("member", False, False, True)
    assert john.pk != 77


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"username": "ANN"}, {"username": ["This username is taken."]}),
        ({"email": "Ann@Example.com"}, {"email": ["This e-mail address is taken."]}),
        (
            {"username": "ann", "email": "ann@example.com"},
            {"username": ["This username is taken."], "email": ["This e-mail address is taken."]},
        ),
    ],
)
def test_a_taken_name_or_address_is_named(nobody, customer, change, errors):
    answer = nobody.send("POST", "/api/register/", {**JOHN, **change})

    assert answer.status_code == 400
    assert answer.json() == {
        "status": "error",
        "message": "An account with this name or address already exists.",
        "code": "taken",
        "errors": errors,
    }
    assert User.objects.count() == 1


def test_a_weak_password_is_refused(nobody):
    answer = nobody.send("POST", "/api/register/", {**JOHN, "password": "johndoe1"})

    assert answer.status_code == 400
    assert answer.json() == {
        "status": "error",
        "message": "This password cannot be used.",
        "code": "password_invalid",
        "errors": {"password": ["The password is too similar to the username."]},
    }
    assert not User.objects.exists()


def test_registrations_are_limited_by_address(nobody, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "registration": "2/minute"}
    with time_machine.travel(NOON, tick=False):
        answers = [
            nobody.send("POST", "/api/register/", {**JOHN, "username": f"j{n}", "email": f"j{n}@example.com"})
            for n in range(3)
        ]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[2].json() == {"status": "error", "message": "Too many requests.", "code": "too_many_requests"}
    assert answers[2]["Retry-After"] == "60"


@pytest.mark.parametrize("email", ["ann@example.com", "nobody@example.com"])
def test_asking_for_a_code_is_answered_alike_whoever_asks(
    nobody, customer, email, issued_codes, django_assert_num_queries, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as jobs, django_assert_num_queries(6):
        answer = nobody.send("POST", "/api/request-otp/", {"email": email})
    for job in jobs:
        job()

    assert (answer.status_code, answer.json()) == (200, {"status": "success", "message": f"OTP sent to {email}"})
    assert not answer.cookies
    assert [issued.email for issued in issued_codes] == ([email] if email == customer.email else [])


def test_the_mailed_code_is_the_one_that_opens(
    nobody, customer, mailoutbox, issued_codes, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        nobody.send("POST", "/api/request-otp", {"email": "Ann@Example.com"})

    assert [mail.to for mail in mailoutbox] == [["ann@example.com"]]
    assert issued_codes[0].code in mailoutbox[0].body
    assert verify(nobody, issued_codes[0].code, "ANN@example.com").status_code == 200


def test_codes_are_limited_by_address(nobody, customer):
    with time_machine.travel(NOON, tick=False) as clock:
        first = nobody.send("POST", "/api/request-otp/", {"email": customer.email})
        clock.shift(20)
        second = nobody.send("POST", "/api/request-otp/", {"email": customer.email})

    assert (first.status_code, second.status_code, second["Retry-After"]) == (200, 429, "40")
    assert second.json() == {"status": "error", "message": "Too many requests.", "code": "too_many_requests"}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"email": MISSING}),
        ({"email": None}, {"email": NULL}),
        ({"email": ""}, {"email": BLANK}),
        ({"email": 7}, {"email": NO_ADDRESS}),
        ({"email": "ann"}, {"email": NO_ADDRESS}),
    ],
)
def test_a_code_for_no_address_is_refused(nobody, body, errors):
    answer = nobody.send("POST", "/api/request-otp/", body)

    assert (answer.status_code, answer.json()) == (400, invalid(**errors))
    assert not OneTimePassword.objects.exists()


def test_the_documents_sign_in_sets_three_cookies(nobody, customer, ask, settings):
    settings.SECURE_COOKIES = True
    with time_machine.travel(NOON, tick=False):
        answer = verify(nobody, ask())

    assert (answer.status_code, answer.json()) == (200, {"status": "success", "message": "Login successful!"})
    assert answer["Cache-Control"] == "no-store"
    attributes = ("max-age", "path", "httponly", "secure", "samesite", "domain")
    assert {name: tuple(cookie[at] for at in attributes) for name, cookie in answer.cookies.items()} == {
        "access_token": (15 * 60, "/", True, True, "Lax", ""),
        "refresh_token": (30 * 24 * 3600, "/api/", True, True, "Lax", ""),
        "id_token": (15 * 60, "/", True, True, "Lax", ""),
    }


def test_the_tokens_live_as_long_as_their_cookies(nobody, customer, ask):
    with time_machine.travel(NOON, tick=False):
        cookies = verify(nobody, ask()).cookies
        access = read_access_token(cookies["access_token"].value)
        refresh = read_refresh_token(cookies["refresh_token"].value)

    assert access.expires_at - access.issued_at == 15 * 60
    assert refresh.expires_at - refresh.issued_at == 30 * 24 * 3600
    assert Session.objects.get().surface == "pulseboard"


def test_on_a_development_machine_cookies_go_over_plain_http(nobody, customer, ask, settings):
    settings.SECURE_COOKIES = False

    answer = verify(nobody, ask())

    assert [cookie["secure"] for cookie in answer.cookies.values()] == [""] * 3


def test_the_id_token_says_who_it_is(nobody, make_user, ask):
    ann = make_user("ann", UserType.MEMBER, first_name="Ann", last_name="Lee")
    with time_machine.travel(NOON, tick=False):
        token = verify(nobody, ask()).cookies["id_token"].value
        claims = jwt.decode(
            token, configured.JWT_SECRET_KEY, algorithms=["HS256"], audience="pulseboard", issuer="http://testserver"
        )

    assert claims == {
        "token_type": "id",
        "iss": "http://testserver",
        "aud": "pulseboard",
        "sub": str(ann.uuid),
        "email": "ann@example.com",
        "name": "Ann Lee",
        "preferred_username": "ann",
        "iat": 1772366400,
        "exp": 1772366400 + 15 * 60,
    }


def test_the_id_token_opens_nothing(nobody, customer, ask):
    token = verify(nobody, ask()).cookies["id_token"].value

    for read in (read_access_token, read_refresh_token):
        with pytest.raises(TokenInvalid):
            read(token)
    by_header = ApiClient(HTTP_AUTHORIZATION=f"Bearer {token}").get("/api/me/")
    posing = ApiClient()
    posing.cookies.load({"access_token": token, "refresh_token": token})
    assert (by_header.status_code, posing.get("/api/me/").status_code) == (401, 401)
    assert posing.send("POST", "/api/refresh/").status_code == 401


@pytest.mark.parametrize("user_type", [UserType.CUSTOMER, UserType.VENUE_OWNER, UserType.SUPERUSER, UserType.MEMBER])
def test_an_account_of_any_type_may_sign_in(nobody, make_user, ask, user_type):
    make_user("zoe", user_type)

    answer = verify(nobody, ask("zoe@example.com"), "zoe@example.com")

    assert answer.status_code == 200
    assert nobody.get("/api/me/").json()["data"]["user_type"] == user_type


def test_a_wrong_code_is_400(nobody, customer, ask):
    answer = verify(nobody, wrong(ask()))

    assert (answer.status_code, answer.json()) == (400, REFUSED)
    assert not answer.cookies
    assert not Session.objects.exists()


def test_a_code_for_an_unknown_address_is_a_wrong_one(nobody, db):
    answer = verify(nobody, "123456", "nobody@example.com")

    assert (answer.status_code, answer.json()) == (400, REFUSED)


def test_a_code_serves_once_and_for_five_minutes(nobody, customer, ask):
    with time_machine.travel(NOON, tick=False) as clock:
        code = ask()
        answers = [verify(nobody, code), verify(nobody, code)]
        clock.shift(61)
        late = ask()
        clock.shift(300)
        answers.append(verify(nobody, late))

    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert Session.objects.count() == 1


def test_five_wrong_codes_void_the_right_one(nobody, customer, ask):
    code = ask()
    for _ in range(5):
        verify(nobody, wrong(code))

    assert verify(nobody, code).json() == REFUSED


def test_a_code_is_no_good_to_who_was_deactivated_meanwhile(nobody, customer, ask):
    code = ask()
    deactivate_user(user=customer)

    assert verify(nobody, code).json() == REFUSED


def test_a_code_is_no_good_to_who_is_deactivated_just_then(customer, ask, monkeypatch):
    code, use = ask(), one_time_passwords.use_one_time_password

    def used_too_late(**given):
        asked = use(**given)
        deactivate_user(user=customer)
        return asked

    monkeypatch.setattr(one_time_passwords, "use_one_time_password", used_too_late)

    with pytest.raises(OneTimePasswordRefused):
        one_time_passwords.sign_in_by_code(email=customer.email, code=code, policy=POLICY)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"email": MISSING, "otp": MISSING}),
        ({"email": "ann@example.com", "otp": 123456}, {"otp": TEXT}),
        ({"email": "ann@example.com", "otp": None}, {"otp": NULL}),
        ({"email": "ann@example.com", "otp": ""}, {"otp": BLANK}),
        ({"email": "ann@example.com", "otp": "1" * 21}, {"otp": ["Ensure this field has no more than 20 characters."]}),
        ({"email": "ann", "otp": "123456"}, {"email": NO_ADDRESS}),
    ],
)
def test_what_is_no_code_names_the_field(nobody, body, errors):
    answer = nobody.send("POST", "/api/verify-otp/", body)

    assert (answer.status_code, answer.json()) == (400, invalid(**errors))


def test_a_code_asked_for_here_opens_nothing_at_the_pub_nor_the_other_way(nobody, customer, stranger, ask):
    ours, theirs = ask(), ask("stranger@example.com", surface="pub", username="stranger")

    at_the_pub = nobody.send("POST", "/customers/login/validate-otp/", {"email": customer.email, "otp": ours})
    here = verify(nobody, theirs, "stranger@example.com")

    assert (at_the_pub.status_code, at_the_pub.json()["code"]) == (400, "otp_invalid")
    assert (here.status_code, here.json()) == (400, REFUSED)
    assert verify(nobody, ours).status_code == 200


def test_signing_in_again_keeps_the_other_devices_in(customer, ask):
    devices = [ApiClient(HTTP_USER_AGENT="Firefox"), ApiClient(HTTP_USER_AGENT="Safari")]
    with time_machine.travel(NOON, tick=False) as clock:
        for device in devices:
            verify(device, ask())
            clock.shift(61)

        assert [device.get("/api/me/").status_code for device in devices] == [200, 200]
    assert set(Session.objects.values_list("device", flat=True)) == {"Firefox", "Safari"}


def test_a_retried_sign_in_gets_the_same_cookies(nobody, customer, ask):
    body = {"email": customer.email, "otp": ask()}
    first, second = [
        nobody.send("POST", "/api/verify-otp/", body, HTTP_IDEMPOTENCY_KEY="once", HTTP_COOKIE="") for _ in range(2)
    ]

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.cookies == first.cookies
    assert set(second.cookies) == COOKIES
    assert Session.objects.count() == 1


def test_the_first_code_shuts_out_who_made_the_account_without_proving_its_address(nobody, customer, ask):
    """Whoever registers somebody else's address and waits is not in the account that they then sign in to."""
    makers = ApiClient(customer)
    asked_by_maker = OneTimePassword.objects.create(
        surface="pub", email="maker@example.com", user=customer, expires_at="2099-01-01T00:00:00Z"
    )

    assert verify(nobody, ask()).status_code == 200

    customer.refresh_from_db()
    asked_by_maker.refresh_from_db()
    assert nobody.get("/api/me/").status_code == 200
    assert makers.get("/api/me/").status_code == 401
    assert not customer.has_usable_password()
    assert asked_by_maker.voided_at is not None
    assert customer.customer_profile.is_verified


@pytest.mark.parametrize(
    ("surface", "asker", "is_proved"), [("pulseboard", {}, True), ("pub", {"username": "ann"}, False)]
)
def test_who_has_proved_the_address_or_asks_by_the_accounts_name_stays_in(customer, ask, surface, asker, is_proved):
    CustomerProfile.objects.update(is_verified=is_proved)
    before = ApiClient(customer)

    one_time_passwords.use_one_time_password(
        surface=surface, email="ann@example.com", code=ask(surface=surface, **asker)
    )

    assert before.get("/api/me/").status_code == 200
    assert User.objects.get(pk=customer.pk).check_password(PASSWORD)
    assert CustomerProfile.objects.get().is_verified


@pytest.mark.parametrize("user_type", [UserType.SUPERUSER, UserType.VENUE_OWNER, UserType.MEMBER])
def test_who_was_given_their_account_or_cannot_sign_in_by_password_keeps_it(make_user, ask, user_type):
    user = make_user("zoe", user_type)

    one_time_passwords.use_one_time_password(surface="pulseboard", email="zoe@example.com", code=ask("zoe@example.com"))

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert user.email_proved_at is not None


def test_a_used_code_proves_the_address(nobody, customer, ask, proved_addresses):
    code = ask()
    verify(nobody, wrong(code))
    assert proved_addresses == []

    verify(nobody, code)

    assert proved_addresses == [EmailProved(user_id=customer.pk, email="ann@example.com")]
