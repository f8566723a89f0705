"""Pulseboard's sessions: cookies that renew themselves, and how they end."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Session, SocketTicket, User
from accounts.services.passwords import change_password
from accounts.services.registration import deactivate_user
from accounts.services.sessions import end_all_sessions, refresh_session
from accounts.tests.browsers import COOKIES, browser_of, cleared, forget_access
from accounts.tokens import read_access_token, read_refresh_token
from conftest import ApiClient, open_pub_session

pytestmark = pytest.mark.django_db

NOON = "2026-03-01T12:00:00Z"
OWN = "http://testserver"
ALLOWED = "http://localhost:3000"
FOREIGN = "https://evil.example"
HALF = timedelta(minutes=7, seconds=31)
OVER = timedelta(minutes=15, seconds=1)


@pytest.fixture
def clock(db):
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def browser(clock, customer):
    return browser_of(customer)


def refused(code):
    return {"status": "error", "message": "Invalid or expired token", "code": code}


def held(browser, name):
    return browser.cookies[name].value


def renewed(answer):
    return {name: (cookie["max-age"], cookie["path"]) for name, cookie in answer.cookies.items()} == {
        "access_token": (900, "/"),
        "id_token": (900, "/"),
    }


def test_me(browser, customer):
    answer = browser.get("/api/me/")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "success",
        "data": {
            "id": customer.pk,
            "uuid": str(customer.uuid),
            "username": "ann",
            "email": "ann@example.com",
            "full_name": "",
            "user_type": "customer",
            "date_joined": "2026-03-01T12:00:00Z",
        },
    }
    assert not answer.cookies


def test_nobody_is_refused_and_has_nothing_to_clear(db):
    answer = ApiClient().get("/api/me/")

    assert (answer.status_code, answer.json()) == (401, refused("not_authenticated"))
    assert not answer.cookies


def test_a_live_token_of_another_surface_is_accepted_in_header_and_cookie(clock, customer):
    token = open_pub_session(customer).tokens.access
    by_cookie = ApiClient()
    by_cookie.cookies["access_token"] = token

    assert by_cookie.get("/api/me/").status_code == 200
    assert ApiClient(HTTP_AUTHORIZATION=f"Bearer {token}").get("/api/me/").status_code == 200


def test_a_session_opened_here_is_good_at_the_pub(browser):
    assert browser.get("/customers/").json()["username"] == "ann"


def test_the_header_goes_before_cookies(browser, stranger):
    token = open_pub_session(stranger).tokens.access

    answer = browser.get("/api/me/", HTTP_AUTHORIZATION=f"Bearer {token}")

    assert answer.json()["data"]["username"] == "stranger"


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Bearer a b"])
def test_a_dead_header_is_refused_and_leaves_the_cookies(browser, header):
    answer = browser.get("/api/me/", HTTP_AUTHORIZATION=header)

    assert (answer.status_code, answer.json()) == (401, refused("token_invalid"))
    assert not answer.cookies


def test_a_token_or_ticket_in_the_url_lets_nobody_in(browser):
    ticket = browser.send("POST", "/api/ws-ticket/").json()["ticket"]

    for query in (f"token={held(browser, 'access_token')}", f"ticket={ticket}"):
        assert ApiClient().get(f"/api/me/?{query}").status_code == 401


def test_who_it_is_costs_one_query(browser, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert browser.get("/api/me/").status_code == 200


def test_who_holds_a_refresh_token_is_served_and_given_new_tokens(browser, clock, django_assert_num_queries):
    refresh = held(browser, "refresh_token")
    clock.shift(timedelta(seconds=59))
    forget_access(browser)

    with django_assert_num_queries(1):
        answer = browser.get("/api/me/")

    assert (answer.status_code, answer.json()["data"]["username"]) == (200, "ann")
    assert renewed(answer)
    assert answer["Cache-Control"] == "no-store"
    claims = read_access_token(answer.cookies["access_token"].value)
    assert claims.issued_at == timezone.now().timestamp()
    assert claims.expires_at - claims.issued_at == 900
    assert held(browser, "refresh_token") == refresh
    assert not browser.get("/api/me/").cookies


def test_an_access_token_that_has_run_out_is_as_good_as_none(browser, clock, django_assert_num_queries):
    clock.shift(OVER)

    with django_assert_num_queries(2):
        answer = browser.get("/api/me/")

    assert answer.status_code == 200
    assert renewed(answer)
    assert Session.objects.get().last_seen_at == timezone.now()


@pytest.mark.parametrize("access", ["", "nonsense", "a.b.c", "\xe9"])
def test_an_access_cookie_that_is_no_token_is_as_good_as_none(browser, access):
    browser.cookies["access_token"] = access

    assert renewed(browser.get("/api/me/"))


def test_a_request_that_changes_something_is_renewed_too(browser, clock):
    clock.shift(OVER)

    answer = browser.send("PATCH", "/api/me/", {"full_name": "Ann Lee"})

    assert answer.json()["data"]["full_name"] == "Ann Lee"
    assert renewed(answer)


def test_an_answer_that_is_no_success_is_renewed_too(browser, clock):
    clock.shift(OVER)

    answer = browser.send("PATCH", "/api/me/", {"username": ""})

    assert answer.status_code == 400
    assert renewed(answer)


def test_a_retried_request_is_renewed_by_itself(browser, clock):
    clock.shift(OVER)
    stale = browser.cookies["access_token"].value
    answers = []
    for _ in range(2):
        browser.cookies["access_token"] = stale
        answers.append(browser.send("POST", "/api/ws-ticket/", {}, HTTP_IDEMPOTENCY_KEY="once"))
        clock.shift(1)

    first, second = answers
    assert (first.status_code, second.json()) == (201, first.json())
    assert renewed(first)
    assert renewed(second)
    assert first.cookies["access_token"].value != second.cookies["access_token"].value


def test_what_a_ticket_opens_lives_as_long_as_the_renewed_token(browser, clock):
    clock.shift(OVER)

    browser.send("POST", "/api/ws-ticket/")

    assert SocketTicket.objects.get().access_expires_at == timezone.now() + timedelta(minutes=15)


def test_the_pub_renews_nothing(browser, clock):
    clock.shift(OVER)

    answer = browser.get("/customers/")

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert not answer.cookies


def test_a_session_renews_itself_for_thirty_days(browser, clock):
    clock.shift(timedelta(days=30, seconds=-1))
    assert browser.get("/api/me/").status_code == 200
    clock.shift(OVER)

    answer = browser.get("/api/me/")

    assert (answer.status_code, answer.json()) == (401, refused("token_invalid"))
    assert cleared(answer)


def test_a_refresh_token_that_was_replaced_serves_ten_seconds_more(browser, clock):
    refresh_session(held(browser, "refresh_token"))
    clock.shift(10)
    forget_access(browser)

    assert renewed(browser.get("/api/me/"))


def test_later_it_is_taken_for_stolen_and_ends_the_session(browser, clock):
    successor = refresh_session(held(browser, "refresh_token"))
    clock.shift(11)
    forget_access(browser)

    answer = browser.get("/api/me/")

    assert (answer.status_code, answer.json()) == (401, refused("session_ended"))
    assert cleared(answer)
    assert Session.objects.get().revoked_at == timezone.now()
    assert ApiClient(HTTP_AUTHORIZATION=f"Bearer {successor.access}").get("/api/me/").status_code == 401


@pytest.mark.parametrize("refresh", ["", "nonsense", "a.b.c"])
def test_a_refresh_cookie_that_is_no_token_is_taken_back(browser, refresh):
    browser.cookies["refresh_token"] = refresh
    browser.cookies["access_token"] = "nonsense"

    answer = browser.get("/api/me/")

    assert (answer.status_code, answer.json()) == (401, refused("token_invalid"))
    assert cleared(answer)


def test_an_access_token_is_no_refresh_token(browser):
    browser.cookies["refresh_token"] = held(browser, "access_token")
    forget_access(browser)

    assert browser.get("/api/me/").status_code == 401


def end_by_hand(user):
    end_all_sessions(user)


def end_by_deactivation(user):
    deactivate_user(user=user)


def end_by_another_password(user):
    change_password(user=User.objects.get(pk=user.pk), new_password="Another-horse-8")


@pytest.mark.parametrize("end", [end_by_hand, end_by_deactivation, end_by_another_password])
@pytest.mark.parametrize("has_run_out", [False, True])
def test_an_ended_session_is_refused_at_once_and_its_cookies_taken_back(browser, clock, customer, end, has_run_out):
    end(customer)
    if has_run_out:
        clock.shift(OVER)

    answer = browser.get("/api/me/")

    assert (answer.status_code, answer.json()) == (401, refused("session_ended"))
    assert cleared(answer)
    again = browser.send("POST", "/api/refresh/")
    assert (again.status_code, cleared(again)) == (401, True)


def test_a_session_opened_here_is_seen_and_ended_at_the_pub(browser, clock, customer):
    elsewhere = ApiClient(customer)
    listed = elsewhere.get("/customer-tokens/").json()["sessions"]
    theirs = next(session for session in listed if not session["current"])

    revoked = elsewhere.delete(f"/customer-tokens/{theirs['id']}/")

    assert (theirs["surface"], revoked.status_code) == ("pulseboard", 204)
    assert cleared(browser.get("/api/me/"))


ORIGINS = {
    "own": {"HTTP_ORIGIN": OWN},
    "allowed": {"HTTP_ORIGIN": ALLOWED},
    "foreign": {"HTTP_ORIGIN": FOREIGN},
    "null": {"HTTP_ORIGIN": "null"},
    "empty": {"HTTP_ORIGIN": ""},
    "lookalike": {"HTTP_ORIGIN": f"{OWN}.evil.example"},
    "absent": {},
    "absent, same site": {"HTTP_SEC_FETCH_SITE": "same-site"},
    "absent, cross-site": {"HTTP_SEC_FETCH_SITE": "cross-site"},
    "absent, typed in": {"HTTP_SEC_FETCH_SITE": "none"},
}
OURS = {"own", "allowed", "absent", "absent, typed in"}


def as_header(user):
    return ApiClient(user)


def as_access_cookie(user):
    browser = browser_of(user)
    del browser.cookies["refresh_token"]
    return browser


def as_refresh_cookie(user):
    return forget_access(browser_of(user))


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize(
    ("how", "anywhere"),
    [(as_header, True), (as_access_cookie, False), (as_refresh_cookie, False), (browser_of, False)],
)
def test_what_changes_something_is_taken_by_cookie_from_our_own_pages_only(clock, customer, how, anywhere, origin):
    answer = how(customer).send("PATCH", "/api/me/", {"full_name": "Changed"}, **ORIGINS[origin])

    customer.refresh_from_db()
    served = anywhere or origin in OURS
    assert (answer.status_code, customer.first_name) == ((200, "Changed") if served else (403, ""))
    if not served:
        assert answer.json() == {
            "status": "error",
            "message": "Cookies are not accepted from this origin.",
            "code": "foreign_origin",
        }
        assert not answer.cookies


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("how", [as_header, as_access_cookie, as_refresh_cookie])
def test_reading_is_left_to_cors(clock, customer, how, origin):
    answer = how(customer).get("/api/me/", **ORIGINS[origin])

    assert answer.status_code == 200
    assert answer.get("Access-Control-Allow-Origin") == (ALLOWED if origin == "allowed" else None)


@pytest.mark.parametrize("origin", sorted(ORIGINS.keys() - OURS))
def test_no_other_page_renews_or_ends_a_session(browser, clock, origin):
    clock.shift(HALF)

    answers = [browser.send("POST", f"/api/{act}/", **ORIGINS[origin]) for act in ("refresh", "logout")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "foreign_origin")] * 2
    assert not any(answer.cookies for answer in answers)
    assert Session.objects.get().revoked_at is None


@pytest.mark.parametrize("origin", sorted(ORIGINS.keys() - OURS))
def test_no_other_page_has_cookies_cleared_that_were_not_sent(db, origin):
    """A form of another site is sent without them; its answer would still be heeded."""
    answers = [ApiClient().send("POST", f"/api/{act}/", **ORIGINS[origin]) for act in ("refresh", "logout")]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert not any(answer.cookies for answer in answers)


def test_refreshing_has_nothing_to_do_in_the_first_half(browser, clock, django_assert_num_queries):
    clock.shift(timedelta(minutes=7, seconds=30))

    with django_assert_num_queries(1):
        answer = browser.send("POST", "/api/refresh/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not answer.cookies


def test_refreshing_replaces_all_three_in_the_second_half(browser, clock):
    before = held(browser, "refresh_token")
    clock.shift(HALF)

    answer = browser.send("POST", "/api/refresh")

    assert (answer.status_code, answer.content) == (204, b"")
    assert {
        name: (cookie["max-age"], cookie["path"], cookie["httponly"]) for name, cookie in answer.cookies.items()
    } == {
        "access_token": (900, "/", True),
        "refresh_token": (30 * 24 * 3600, "/api/", True),
        "id_token": (900, "/", True),
    }
    assert held(browser, "refresh_token") != before
    assert (
        read_refresh_token(held(browser, "refresh_token")).expires_at
        == (timezone.now() + timedelta(days=30)).timestamp()
    )
    assert not browser.get("/api/me/").cookies


@pytest.mark.parametrize("access", ["", "nonsense"])
def test_refreshing_without_an_access_token_replaces_all_three(browser, access):
    browser.cookies["access_token"] = access

    answer = browser.send("POST", "/api/refresh/")

    assert (answer.status_code, set(answer.cookies)) == (204, COOKIES)


def test_an_access_token_of_another_session_is_replaced(browser, stranger):
    browser.cookies["access_token"] = open_pub_session(stranger).tokens.access

    browser.send("POST", "/api/refresh/")

    assert browser.get("/api/me/").json()["data"]["username"] == "ann"


def test_refreshing_twice_with_one_token_gives_the_same(browser, clock):
    clock.shift(OVER)
    other_tab = ApiClient()
    other_tab.cookies.load({name: cookie.value for name, cookie in browser.cookies.items()})

    first = browser.send("POST", "/api/refresh/")
    clock.shift(10)
    second = other_tab.send("POST", "/api/refresh/")

    assert (first.status_code, second.status_code) == (204, 204)
    assert held(browser, "refresh_token") == held(other_tab, "refresh_token")


def test_a_replaced_token_after_its_grace_ends_the_session(browser, clock):
    clock.shift(OVER)
    thief = ApiClient()
    thief.cookies.load({name: cookie.value for name, cookie in browser.cookies.items()})
    browser.send("POST", "/api/refresh/")
    clock.shift(11)

    answer = thief.send("POST", "/api/refresh/")

    assert (answer.status_code, answer.json()) == (401, refused("session_ended"))
    assert cleared(answer)
    assert cleared(browser.get("/api/me/"))


def test_refreshing_needs_a_refresh_cookie(browser, customer):
    bearer = ApiClient(customer)
    no_cookie = bearer.send("POST", "/api/refresh/")
    browser.cookies["refresh_token"] = "nonsense"
    no_token = browser.send("POST", "/api/refresh/")

    assert (no_cookie.status_code, no_cookie.json()) == (401, refused("not_authenticated"))
    assert (no_token.status_code, no_token.json()) == (401, refused("token_invalid"))
    assert cleared(no_cookie)
    assert cleared(no_token)


def logged_out(answer):
    return (answer.status_code, answer.json()) == (200, {"status": "success", "message": "Logged out"}) and cleared(
        answer
    )


def test_signing_out_ends_the_session_and_clears_the_cookies(browser, clock, customer):
    other_device = browser_of(customer)
    access, refresh = held(browser, "access_token"), held(browser, "refresh_token")

    answer = browser.send("POST", "/api/logout/")

    assert logged_out(answer)
    assert ApiClient(HTTP_AUTHORIZATION=f"Bearer {access}").get("/api/me/").status_code == 401
    assert ApiClient().send("POST", "/token/refresh/", {"refresh": refresh}).status_code == 401
    assert other_device.get("/api/me/").status_code == 200


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_either_cookie_is_enough_to_sign_out(browser, name):
    for other in COOKIES - {name}:
        del browser.cookies[other]

    assert logged_out(browser.send("POST", "/api/logout/"))
    assert Session.objects.get().revoked_at is not None


def test_signing_out_by_header_ends_that_session_only(browser, customer):
    opened = open_pub_session(customer)

    answer = browser.send("POST", "/api/logout/", HTTP_AUTHORIZATION=f"Bearer {opened.tokens.access}")

    assert logged_out(answer)
    assert Session.objects.get(revoked_at=None).surface == "pulseboard"


def test_two_sessions_in_one_browser_end_together(browser, stranger):
    browser.cookies["access_token"] = open_pub_session(stranger).tokens.access

    assert logged_out(browser.send("POST", "/api/logout/"))
    assert not Session.objects.filter(revoked_at=None).exists()


def test_a_replaced_refresh_token_ends_its_session_too(browser, clock):
    refresh_session(held(browser, "refresh_token"))
    clock.shift(OVER)

    assert logged_out(browser.send("POST", "/api/logout/"))
    assert Session.objects.get().revoked_at is not None


@pytest.mark.parametrize("token", [None, "", "nonsense"])
def test_who_is_out_is_out(db, token):
    browser = ApiClient()
    if token is not None:
        browser.cookies.load({"access_token": token, "refresh_token": token})

    assert logged_out(browser.send("POST", "/api/logout"))


def test_signing_out_twice_is_signing_out(browser):
    kept = {name: cookie.value for name, cookie in browser.cookies.items()}
    browser.send("POST", "/api/logout/")
    browser.cookies.load(kept)

    assert logged_out(browser.send("POST", "/api/logout/"))


def test_names_are_changed_one_by_one(browser, customer):
    first = browser.send("PATCH", "/api/me/", {"username": "annie"})
    second = browser.send("PATCH", "/api/me/", {"full_name": "Ann van Lee"})
    nothing = browser.send("PATCH", "/api/me/", {})

    customer.refresh_from_db()
    assert (customer.username, customer.first_name, customer.last_name) == ("annie", "Ann", "van Lee")
    assert (first.json()["data"]["username"], first.json()["data"]["full_name"]) == ("annie", "")
    assert second.json()["data"]["full_name"] == "Ann van Lee"
    assert nothing.json() == second.json()


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"username": "STRANGER"}, {"username": ["This username is taken."]}),
        ({"username": None}, {"username": ["This field may not be null."]}),
        ({"username": 7}, {"username": ["Not a valid string."]}),
        ({"username": "stranger", "full_name": "Changed"}, {"username": ["This username is taken."]}),
        ({"full_name": ""}, {"full_name": ["This field may not be blank."]}),
        ({"full_name": "x" * 151}, {"full_name": ["Ensure this field has no more than 150 characters."]}),
        ({"full_name": "a\0b"}, {"full_name": ["Null characters are not allowed."]}),
        ({"full_name": ["x"]}, {"full_name": ["Not a valid string."]}),
    ],
)
def test_bad_names_change_nothing(browser, customer, stranger, body, errors):
    answer = browser.send("PATCH", "/api/me/", body)

    assert (answer.status_code, answer.json()["errors"]) == (400, errors)
    assert User.objects.filter(pk=customer.pk, username="ann", first_name="").exists()


def test_nothing_else_of_oneself_is_changed(browser, customer):
    more = {"id": 9, "uuid": "x", "email": "e@example.com", "user_type": "superuser", "is_superuser": True}

    answer = browser.send("PATCH", "/api/me/", more)

    before = (customer.pk, customer.uuid, customer.email, customer.user_type_id, customer.is_superuser)
    customer.refresh_from_db()
    assert answer.status_code == 200
    assert (customer.pk, customer.uuid, customer.email, customer.user_type_id, customer.is_superuser) == before


def test_a_ticket_is_given_out_once_for_thirty_seconds(browser):
    answer = browser.send("POST", "/api/ws-ticket/")

    ticket = answer.json()["ticket"]
    assert answer.status_code == 201
    assert answer.json() == {"status": "success", "ticket": ticket, "expires_in": 30}
    assert len(ticket) >= 43
    stored = SocketTicket.objects.get()
    assert stored.expires_at == timezone.now() + timedelta(seconds=30)
    assert stored.access_expires_at == timezone.now() + timedelta(minutes=15)


def test_nobody_is_given_a_ticket(db):
    assert ApiClient().send("POST", "/api/ws-ticket/").status_code == 401
    assert not SocketTicket.objects.exists()


@pytest.mark.parametrize(
    ("path", "right"),
    [
        *(
            (f"/api/{act}/", "POST")
            for act in ("register", "request-otp", "verify-otp", "logout", "refresh", "ws-ticket")
        ),
        ("/api/me", "GET or PATCH"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
def test_the_method_that_is_required_is_named(db, path, right, method):
    allowed = {*right.split(" or "), *(["HEAD"] if "GET" in right else [])}
    answer = ApiClient().generic(method, path)

    if method in allowed:
        assert answer.status_code != 405
    else:
        assert answer.status_code == 405
        assert method == "HEAD" or answer.json() == {
            "status": "error",
            "message": f"{right} method required",
            "code": "method_not_allowed",
        }


def test_the_pubs_wrong_method_is_as_it_was(db):
    answer = ApiClient().get("/login/customer/")

    assert (answer.status_code, answer.json()) == (
        405,
        {"error": 'Method "GET" not allowed.', "code": "method_not_allowed"},
    )


def test_an_unknown_path_is_told_in_this_contracts_words(db):
    answer = ApiClient().get("/api/no-such-thing/")

    assert (answer.status_code, answer.json()) == (
        404,
        {"status": "error", "message": "Not found.", "code": "not_found"},
    )
