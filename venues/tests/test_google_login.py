"""Signing in through an OpenID provider: a real one for what should work, a lying one for what must not."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.sessions.models import Session as BrowserSession
from joserfc.jwk import OctKey

from accounts.api import bounded_http, openid
from accounts.models import CustomerProfile, ExternalIdentity, Session, User
from accounts.tasks import purge_accounts
from activity.models import ActivityEntry
from conftest import ApiClient, open_pub_session
from venues.models import Presence, Venue
from venues.tests.openid_providers import RealProvider, real_provider, signing_key, tellable_provider

pytestmark = pytest.mark.django_db

LOGIN, CALLBACK = "/google/login/", "/google/callback/"
REFUSED = {"error": "Google did not confirm this login. Please start again.", "code": "google_refused"}
UNAVAILABLE = {
    "error": "Google does not answer as it should at the moment. Please try again later.",
    "code": "google_unavailable",
}
STATE_REFUSED = {
    "error": "This login was not started here, is too old or was already used. Please start again.",
    "code": "state_invalid",
}
NOT_ADMITTED = {"error": "This account is not active, or is not a customer's.", "code": "account_not_admitted"}


def trust(settings, provider):
    settings.GOOGLE_CLIENT_ID = provider.client_id
    settings.GOOGLE_CLIENT_SECRET = provider.client_secret
    settings.GOOGLE_DISCOVERY_URL = f"{provider.url}/.well-known/openid-configuration"


@pytest.fixture(scope="session")
def running_google():
    with real_provider() as provider:
        yield provider


@pytest.fixture
def google(running_google, settings) -> RealProvider:
    trust(settings, running_google)
    return running_google


@pytest.fixture
def liar(settings):
    with tellable_provider() as provider:
        trust(settings, provider)
        yield provider


@pytest.fixture
def browser() -> ApiClient:
    return ApiClient()


@pytest.fixture
def venue(db) -> Venue:
    return Venue.objects.create(name="The Anchor")


def start(browser, **query) -> str:
    return browser.get(LOGIN, query)["Location"]


def follow(browser, location):
    """The browser goes where the provider sent it."""
    parts = urlsplit(location)
    return browser.get(f"{parts.path}?{parts.query}")


def sign_in(browser, google, subject, **query):
    return follow(browser, google.sign_in(start(browser, **query), subject))


def lie(browser, liar, **query):
    return follow(browser, liar.sign_in(start(browser, **query)))


def nothing_happened():
    return not (User.objects.exists() or Session.objects.exists() or ExternalIdentity.objects.exists())


def failures_written():
    """Whose accounts they are told of."""
    return list(ActivityEntry.objects.filter(type="sign_in_failed").values_list("target_id", flat=True))


# Starting


def test_login_sends_the_browser_to_the_provider_with_state_nonce_and_pkce(google, browser):
    response = browser.get(LOGIN)

    target = urlsplit(response["Location"])
    asked = {name: values[0] for name, values in parse_qs(target.query).items()}
    assert response.status_code == 302
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{google.url}/oauth2/authorize"
    assert {len(asked.pop(name)) >= minimum for name, minimum in (("state", 20), ("nonce", 20))} == {True}
    assert len(asked.pop("code_challenge")) == 43
    assert asked == {
        "response_type": "code",
        "client_id": google.client_id,
        "redirect_uri": "http://testserver/google/callback/",
        "scope": "openid email profile",
        "code_challenge_method": "S256",
    }
    cookie = browser.cookies["sessionid"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["max-age"]) == (True, True, "Lax", 600)


def test_each_login_has_its_own_secrets(google, browser):
    first, second = (parse_qs(urlsplit(start(browser)).query) for _ in range(2))

    assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))


@pytest.mark.parametrize("missing", ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"])
@pytest.mark.parametrize("path", [LOGIN, f"{CALLBACK}?code=a&state=b"])
def test_without_settings_it_says_so(google, browser, settings, missing, path):
    setattr(settings, missing, "")

    response = browser.get(path)

    assert response.status_code == 503
    assert response.json() == {
        "error": "Google login is not set up here: GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET are missing.",
        "code": "google_not_configured",
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"venue": "x"}, "venue"),
        ({"venue": ""}, "venue"),
        ({"venue": "0"}, "venue"),
        ({"venue": "-3"}, "venue"),
        ({"venue": "9" * 19}, "venue"),
        ({"venue": "9" * 500}, "venue"),
        ({"venue": "1\x00"}, "venue"),
        ({"venue": "4711"}, "venue"),
        ({"next": "https://evil.example/"}, "next"),
        ({"next": "//evil.example/"}, "next"),
        ({"next": "///evil.example/"}, "next"),
        ({"next": "/\\evil.example/"}, "next"),
        ({"next": "\\\\evil.example/"}, "next"),
        ({"next": "/\t/evil.example/"}, "next"),
        ({"next": "javascript:alert(1)"}, "next"),
        ({"next": "venues/"}, "next"),
        ({"next": "http:///venues/"}, "next"),
        ({"next": "/a\r\nSet-Cookie: a=b"}, "next"),
        ({"next": "/a\x00"}, "next"),
        ({"next": "/" + "a" * 2000}, "next"),
    ],
)
def test_bad_login_query_is_refused(google, browser, query, field):
    response = browser.get(LOGIN, query)

    assert response.status_code == 400
    assert list(response.json()["details"]) == [field]
    assert "sessionid" not in browser.cookies


@pytest.mark.parametrize("status", [Venue.Status.SUSPENDED, Venue.Status.CLOSED])
def test_login_at_a_venue_that_does_not_serve_is_refused(google, browser, venue, status):
    Venue.objects.update(status=status)

    response = browser.get(LOGIN, {"venue": venue.pk})

    assert response.status_code == 400
    assert response.json() == {
        "error": "Unknown or inactive venue.",
        "code": "venue_inactive",
        "details": {"venue": ["Unknown or inactive venue."]},
    }


# Finishing


def test_first_login_makes_a_verified_customer_at_the_venue(google, browser, venue):
    google.has_user(
        "s-zoe", email="Zoe.M@Example.com", email_verified=True, name="Zoe M.", given_name="Zoe", family_name="Miller"
    )

    response = sign_in(browser, google, "s-zoe", venue=venue.pk)

    user = User.objects.get()
    body = response.json()
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert list(body) == ["access", "refresh", "user"]
    assert body["user"] == {
        "id": user.pk,
        "username": "zoe.m",
        "email": "zoe.m@example.com",
        "first_name": "Zoe",
        "last_name": "Miller",
        "gender": "",
        "user_type": "customer",
        "customer_profile": {
            "name": "Zoe M.",
            "one_line_desc": "",
            "interests": [],
            "current_venue": venue.pk,
            "doj": body["user"]["customer_profile"]["doj"],
            "is_verified": True,
            "otp_validated": False,
        },
    }
    assert not user.has_usable_password()
    assert Presence.objects.get(user=user).certainty == "claimed"
    assert list(ExternalIdentity.objects.values("user", "issuer", "subject")) == [
        {"user": user.pk, "issuer": google.url, "subject": "s-zoe"}
    ]


def test_the_tokens_of_a_login_are_good(google, browser):
    google.has_user("s-good", email="good@example.com", email_verified=True)
    tokens = sign_in(browser, google, "s-good").json()

    refused = ApiClient().get(LOGIN, HTTP_AUTHORIZATION="Bearer rubbish").status_code
    session = Session.objects.get()

    assert refused == 302
    assert (session.surface, session.user.email) == ("pub", "good@example.com")
    assert tokens["access"].count(".") == tokens["refresh"].count(".") == 2


def test_the_account_is_known_by_issuer_and_subject_when_the_address_changes(google, browser):
    google.has_user("s-known", email="old@example.com", email_verified=True)
    first = sign_in(browser, google, "s-known").json()["user"]
    google.has_user("s-known", email="new@example.com", email_verified=True)

    second = sign_in(ApiClient(), google, "s-known").json()["user"]

    assert (second["id"], second["email"]) == (first["id"], "old@example.com")
    assert User.objects.count() == 1


def test_a_known_verified_address_joins_its_account(google, browser, customer):
    CustomerProfile.objects.update(is_verified=True)
    session = open_pub_session(customer).session
    google.has_user("s-ann", email="ANN@example.com", email_verified=True, name="Somebody Else")

    user = sign_in(browser, google, "s-ann").json()["user"]

    customer.refresh_from_db()
    session.refresh_from_db()
    assert (user["id"], user["customer_profile"]["name"]) == (customer.pk, "Ann")
    assert (customer.has_usable_password(), session.revoked_at) == (True, None)


def test_joining_an_account_whose_address_was_never_proved_shuts_its_maker_out(google, browser, customer):
    planted = open_pub_session(customer)
    ExternalIdentity.objects.create(user=customer, issuer=google.url, subject="planted")
    google.has_user("s-owner", email="ann@example.com", email_verified=True)

    user = sign_in(browser, google, "s-owner").json()["user"]

    customer.refresh_from_db()
    planted.session.refresh_from_db()
    assert (user["id"], user["customer_profile"]["is_verified"]) == (customer.pk, True)
    assert not customer.has_usable_password()
    assert planted.session.revoked_at is not None
    assert list(customer.external_identities.values_list("subject", flat=True)) == ["s-owner"]


@pytest.mark.parametrize("user_type", ["venue_owner", "superuser", "member", "support"])
def test_only_customers_sign_in_here(google, browser, make_user, user_type):
    olga = make_user("olga", user_type)
    google.has_user("s-olga", email="olga@example.com", email_verified=True)

    response = sign_in(browser, google, "s-olga")

    assert (response.status_code, response.json()) == (401, NOT_ADMITTED)
    assert failures_written() == [str(olga.pk)]
    assert not Session.objects.exists()
    assert not ExternalIdentity.objects.exists()


@pytest.mark.parametrize("is_known", [True, False])
def test_an_inactive_account_is_not_admitted(google, browser, make_user, is_known):
    user = make_user("ann", is_active=False)
    if is_known:
        ExternalIdentity.objects.create(user=user, issuer=google.url, subject="s-inactive")
        User.objects.filter(pk=user.pk).update(email="moved@example.com")
    google.has_user("s-inactive", email="ann@example.com", email_verified=True)

    response = sign_in(browser, google, "s-inactive")

    user.refresh_from_db()
    assert (response.status_code, response.json()) == (401, NOT_ADMITTED)
    assert failures_written() == [str(user.pk)]
    assert not Session.objects.exists()
    assert user.has_usable_password()


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_the_provider_has_not_verified_is_refused(google, browser, customer, verified):
    google.has_user("s-unverified", email="ann@example.com", email_verified=verified)

    response = sign_in(browser, google, "s-unverified")

    assert response.status_code == 400
    assert response.json() == {
        "error": "Google has not verified this e-mail address.",
        "code": "email_not_verified",
    }
    assert failures_written() == [""]
    assert not Session.objects.exists()
    assert not ExternalIdentity.objects.exists()


def test_a_venue_that_closed_meanwhile_refuses_the_whole_login(google, browser, venue):
    google.has_user("s-late", email="late@example.com", email_verified=True)
    location = google.sign_in(start(browser, venue=venue.pk), "s-late")
    Venue.objects.update(status=Venue.Status.CLOSED)

    response = follow(browser, location)

    assert (response.status_code, response.json()["code"]) == (400, "venue_inactive")
    assert nothing_happened()


def test_next_brings_the_browser_back_with_the_tokens_in_cookies(google, browser):
    google.has_user("s-next", email="next@example.com", email_verified=True)

    response = sign_in(browser, google, "s-next", next="/venues/?near=1,2")

    assert (response.status_code, response["Location"]) == (302, "/venues/?near=1,2")
    shown = {
        name: {key: cookie[key] for key in ("httponly", "secure", "samesite", "max-age", "path")}
        for name, cookie in response.cookies.items()
        if name != "sessionid"
    }
    safe = {"httponly": True, "secure": True, "samesite": "Lax"}
    assert shown == {
        "access_token": {**safe, "max-age": 3600, "path": "/"},
        "refresh_token": {**safe, "max-age": 7 * 24 * 3600, "path": "/token/"},
    }


def test_a_finished_login_leaves_nothing_in_the_browsers_session(google, browser):
    google.has_user("s-tidy", email="tidy@example.com", email_verified=True)

    sign_in(browser, google, "s-tidy")

    assert browser.cookies["sessionid"].value == ""


def test_a_login_in_an_admins_browser_leaves_the_admin_signed_in(google, browser, superuser):
    browser.force_login(superuser)
    google.has_user("s-beside", email="beside@example.com", email_verified=True)

    response = sign_in(browser, google, "s-beside")

    assert response.status_code == 200
    assert dict(browser.session)["_auth_user_id"] == str(superuser.pk)
    assert "openid_logins" not in browser.session


def test_a_browser_can_finish_any_of_its_last_eight_logins_within_ten_minutes(google, browser):
    google.has_user("s-many", email="many@example.com", email_verified=True)
    started = [google.sign_in(start(browser), "s-many") for _ in range(9)]

    forgotten = follow(browser, started[0])
    oldest = follow(browser, started[1])
    with time_machine.travel(time.time() + 601):
        outdated = follow(browser, started[2])

    assert (forgotten.status_code, forgotten.json()) == (400, STATE_REFUSED)
    assert oldest.status_code == 200
    assert (outdated.status_code, outdated.json()) == (400, STATE_REFUSED)


def test_a_login_that_was_never_finished_is_forgotten(google, browser):
    start(browser)

    with time_machine.travel(time.time() + 601):
        purge_accounts.call_local()

    assert not BrowserSession.objects.exists()


def test_a_state_is_good_once(google, browser):
    google.has_user("s-once", email="once@example.com", email_verified=True)
    location = google.sign_in(start(browser), "s-once")

    first, second = follow(browser, location), follow(browser, location)

    assert first.status_code == 200
    assert (second.status_code, second.json()) == (400, STATE_REFUSED)
    assert failures_written() == [""]
    assert Session.objects.count() == 1


def test_two_callbacks_of_one_login_at_once_sign_in_once(google, browser, superuser):
    browser.force_login(superuser)
    google.has_user("s-twice", email="twice@example.com", email_verified=True)
    location = google.sign_in(start(browser), "s-twice")
    session = browser.session
    kept = dict(session)

    first = follow(browser, location)
    session.update(kept)
    session.save()
    second = follow(browser, location)

    assert first.status_code == 200
    assert (second.status_code, second.json()) == (400, REFUSED)
    assert Session.objects.count() == 1


def test_a_state_is_good_in_its_own_browser_only(google, browser):
    google.has_user("s-mine", email="mine@example.com", email_verified=True)
    location = google.sign_in(start(browser), "s-mine")
    other = ApiClient()
    start(other)

    response = follow(other, location)

    assert (response.status_code, response.json()) == (400, STATE_REFUSED)
    assert failures_written() == [""]
    assert nothing_happened()


@pytest.mark.parametrize(
    ("query", "code", "fields"),
    [
        ({}, "invalid", ["state"]),
        ({"code": "a"}, "invalid", ["state"]),
        ({"state": ""}, "invalid", ["state"]),
        ({"state": "a"}, "invalid", ["code"]),
        ({"code": "", "state": "a"}, "invalid", ["code"]),
        ({"code": "a\x00", "state": "a"}, "invalid", ["code"]),
        ({"code": "a", "state": "a\x00"}, "invalid", ["state"]),
        ({"code": "a" * 2001, "state": "a"}, "invalid", ["code"]),
        ({"code": "a", "state": "a" * 2001}, "invalid", ["state"]),
        ({"code": "a", "state": "never given"}, "state_invalid", []),
        ({"error": "access_denied", "state": "never given"}, "state_invalid", []),
        ({"error": "access_denied"}, "invalid", ["state"]),
    ],
)
def test_bad_callback_query_is_refused(google, browser, query, code, fields):
    start(browser)

    response = browser.get(CALLBACK, query)

    body = response.json()
    assert (response.status_code, body["code"], list(body.get("details", {}))) == (400, code, fields)
    assert nothing_happened()


def test_a_login_called_off_at_the_provider_is_refused_and_over(google, browser):
    location = start(browser)
    state = parse_qs(urlsplit(location).query)["state"][0]
    denied = {"error": "access_denied", "error_description": "<script>", "state": state}

    response, again = browser.get(CALLBACK, denied), browser.get(CALLBACK, denied)

    assert response.status_code == 400
    assert response.json() == {"error": "The login was cancelled at Google.", "code": "google_denied"}
    assert failures_written() == [""]
    assert (again.status_code, again.json()) == (400, STATE_REFUSED)


def test_a_code_the_provider_does_not_know_is_refused(google, browser):
    state = parse_qs(urlsplit(start(browser)).query)["state"][0]

    response = browser.get(CALLBACK, {"code": "made-up", "state": state})

    assert (response.status_code, response.json()) == (400, REFUSED)
    assert failures_written() == [""]
    assert nothing_happened()


def test_a_provider_that_is_away_is_reported(google, browser, settings):
    settings.GOOGLE_DISCOVERY_URL = "http://127.0.0.1:9/.well-known/openid-configuration"

    response = browser.get(LOGIN)

    assert (response.status_code, response.json()) == (503, UNAVAILABLE)


# A provider that lies


def test_the_code_is_traded_with_the_verifier_of_the_challenge(liar, browser):
    response = lie(browser, liar)

    (asked,) = liar.token_requests
    challenge = urlsafe_b64encode(hashlib.sha256(asked.pop("code_verifier").encode()).digest()).decode().rstrip("=")
    assert response.status_code == 200
    assert challenge == liar.challenge
    assert {key: asked[key] for key in ("grant_type", "code", "redirect_uri")} == {
        "grant_type": "authorization_code",
        "code": "good",
        "redirect_uri": "http://testserver/google/callback/",
    }


def test_new_keys_of_the_provider_are_fetched_when_they_sign(liar, browser):
    assert lie(browser, liar).status_code == 200
    liar.key = signing_key("two")
    liar.signs_with = ({"alg": "RS256", "kid": "two"}, liar.key)

    assert lie(ApiClient(), liar).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://accounts.example.com"},
        {"iss": None},
        {"iss": ["x"]},
        {"aud": "another-client"},
        {"aud": "another-client", "azp": "pub"},
        {"aud": ["another-client"], "azp": "pub"},
        {"aud": ["pub", "another-client"], "azp": "another-client"},
        {"aud": None},
        {"aud": {}},
        {"nonce": "another-login"},
        {"nonce": None},
        {"nonce": ["x"]},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": [1]},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"at_hash": "wrong"},
        {"at_hash": {"a": 1}},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "s" * 256},
        {"sub": "s\x00"},
        {"sub": "\ud800"},
        {"email": None},
        {"email": 7},
        {"email": "not an address"},
        {"email": "a\x00@example.com"},
        {"email": "\ud800@example.com"},
        {"email": "a" * 250 + "@example.com"},
        {"amr": "x"},
    ],
    ids=lambda claims: str(claims)[:40].encode("ascii", "backslashreplace").decode().replace("\x00", "NUL"),
)
def test_an_id_token_that_says_the_wrong_thing_signs_nobody_in(liar, browser, claims):
    liar.claims = claims

    response = lie(browser, liar)

    assert (response.status_code, response.json()) == (400, REFUSED)
    assert nothing_happened()


@pytest.mark.parametrize(("ago", "status"), [(50, 200), (70, 400)])
def test_an_id_token_may_be_as_stale_as_clocks_differ(liar, browser, ago, status):
    liar.claims = {"exp": int(time.time()) - ago}

    assert lie(browser, liar).status_code == status


def unsigned(liar):
    liar.signs_with = ({"alg": "none"}, liar.key)


def by_public_key_as_secret(liar):
    """By hand: no decent library makes such a token."""

    def sign(header, payload, key):
        signed = b".".join(urlsafe_b64encode(part.encode()).rstrip(b"=") for part in (json.dumps(header), payload))
        signature = hmac.new(liar.key.as_pem(private=False), signed, hashlib.sha256).digest()
        return b".".join([signed, urlsafe_b64encode(signature).rstrip(b"=")]).decode()

    liar.sign, liar.signs_with = sign, ({"alg": "HS256", "kid": "one"}, None)


def by_client_secret(liar):
    liar.signs_with = ({"alg": "HS256"}, OctKey.import_key(liar.client_secret))


def by_a_strangers_key(liar):
    liar.signs_with = ({"alg": "RS256", "kid": "one"}, signing_key("stranger"))


def by_an_unknown_key(liar):
    liar.signs_with = ({"alg": "RS256", "kid": "unknown"}, signing_key("stranger"))


def by_a_key_it_brings_along(liar):
    key = signing_key("stranger")
    liar.signs_with = ({"alg": "RS256", "jwk": key.as_dict(private=False)}, key)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("also_announced", [False, True])
@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        by_public_key_as_secret,
        by_client_secret,
        by_a_strangers_key,
        by_an_unknown_key,
        by_a_key_it_brings_along,
    ],
)
def test_an_id_token_signed_otherwise_signs_nobody_in(liar, browser, forge, also_announced):
    if also_announced:
        liar.answers["/discovery"] = liar.discovery() | {
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]
        }
    forge(liar)

    response = lie(browser, liar)

    assert (response.status_code, response.json()) == (400, REFUSED)
    assert nothing_happened()


@pytest.mark.parametrize(
    "token",
    [
        {"id_token": None},
        {"id_token": 7},
        {"id_token": "a.b.c"},
        {"id_token": ""},
        {"id_token": ["x"]},
        {"id_token": "a" * 200_000},
        {"expires_in": "soon"},
        {"expires_in": float("inf")},
        {"expires_at": {}},
        {"error": "server_error"},
        {"error": {"a": "b\n"}},
    ],
    ids=lambda token: str(token)[:40],
)
def test_a_token_answer_of_another_shape_signs_nobody_in(liar, browser, token):
    liar.token = token

    response = lie(browser, liar)

    assert (response.status_code, response.json()) == (400, REFUSED)
    assert nothing_happened()


def huge(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(2000):
        handler.wfile.write(b" " * 10_000)


def hang_up(handler):
    handler.connection.close()


def elsewhere(handler):
    handler.send_response(307)
    handler.send_header("Location", "http://127.0.0.1:9/")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def break_down(handler):
    handler.send_response(500)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"{}")


def lie_about_length(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"{}")


def bad_gzip(handler):
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", "5")
    handler.end_headers()
    handler.wfile.write(b"hello")


@pytest.mark.parametrize("path", ["/discovery", "/issue", "/jwks"])
@pytest.mark.parametrize("answer", [huge, hang_up, elsewhere, break_down, lie_about_length, bad_gzip])
def test_an_answer_that_does_not_come_whole_signs_nobody_in(liar, browser, path, answer):
    if path == "/discovery":
        liar.answers[path] = answer
        response = browser.get(LOGIN)
    else:
        location = liar.sign_in(start(browser))
        liar.answers[path] = answer
        response = follow(browser, location)

    assert (response.status_code, response.json()) == (503, UNAVAILABLE)
    assert nothing_happened()


def say_nothing(handler):
    time.sleep(1)


def drip_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(200):
        handler.wfile.write(b"a")
        time.sleep(0.05)


def drip_body(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [say_nothing, drip_headers, drip_body])
def test_a_provider_that_is_slow_is_not_waited_for(liar, browser, monkeypatch, answer):
    monkeypatch.setattr(openid, "CONNECT_AND_READ_SECONDS", (0.2, 0.2))
    monkeypatch.setattr(bounded_http, "HEADER_SECONDS", 0.4)
    monkeypatch.setattr(bounded_http, "BODY_SECONDS", 0.4)
    liar.answers["/discovery"] = answer
    started = time.monotonic()

    response = browser.get(LOGIN)

    assert (response.status_code, response.json()) == (503, UNAVAILABLE)
    assert time.monotonic() - started < 6


MALFORMED = [b"", b"<html>", b"\xff\xfe", b"[]", b"7", b"null", b"[" * 100_000, b'{"a":' * 50_000, b'"\\ud800"']


@pytest.mark.parametrize("answer", MALFORMED, ids=lambda answer: str(answer)[:12])
def test_malformed_documents_of_the_provider_sign_nobody_in(liar, browser, answer):
    liar.answers["/discovery"] = answer
    no_discovery = browser.get(LOGIN)
    del liar.answers["/discovery"]
    location = liar.sign_in(start(browser))
    liar.answers["/jwks"] = answer
    no_keys = follow(browser, location)
    del liar.answers["/jwks"]
    location = liar.sign_in(start(browser))
    liar.answers["/issue"] = answer
    no_token = follow(browser, location)

    assert (no_discovery.status_code, no_discovery.json()) == (503, UNAVAILABLE)
    assert (no_keys.status_code, no_keys.json()) == (503, UNAVAILABLE)
    assert (no_token.status_code, no_token.json()) == (400, REFUSED)
    assert nothing_happened()


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://accounts.example.com"},
        {"issuer": None},
        {"issuer": ["x"]},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://[::1"},
        {"authorization_endpoint": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": 7},
        {"jwks_uri": "ftp://127.0.0.1/"},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
        {"id_token_signing_alg_values_supported": "RS256"},
        {"id_token_signing_alg_values_supported": [["RS256"]]},
    ],
    ids=str,
)
def test_metadata_that_cannot_be_trusted_starts_no_login(liar, browser, change):
    liar.answers["/discovery"] = liar.discovery() | change

    response = browser.get(LOGIN)

    assert (response.status_code, response.json()) == (503, UNAVAILABLE)


def test_metadata_cannot_reach_into_the_clients_own_settings(liar, browser):
    liar.answers["/discovery"] = liar.discovery() | {
        "client_id": "x",
        "client_secret": "x",
        "verify": False,
        "default_timeout": 1000,
        "max_redirects": 30,
        "scope": "everything",
        "code_challenge_method": "plain",
        "prompt": "none",
        "jwks": {"keys": []},
    }

    assert lie(browser, liar).status_code == 200


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"keys": None},
        {"keys": ["x"]},
        {"keys": [{}]},
        {"keys": []},
        {"keys": [{"kty": "RSA", "kid": "one", "n": "!", "e": "AQAB"}]},
        {"keys": [{"kty": "RSA", "kid": "one", "n": 7, "e": 7}]},
        {"keys": [{"kty": ["x"], "kid": "one"}]},
        {"keys": [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}]},
    ],
    ids=str,
)
def test_keys_that_are_none_sign_nobody_in(liar, browser, keys):
    liar.answers["/jwks"] = keys

    response = lie(browser, liar)

    assert response.status_code in {400, 503}
    assert response.json() in (REFUSED, UNAVAILABLE)
    assert nothing_happened()
