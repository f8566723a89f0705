from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Session
from conftest import open_pub_session
from core.sessions import SessionPolicy

OWN = "http://testserver"
ALLOWED = "http://localhost:3000"
FOREIGN = "https://evil.example"


@pytest.fixture
def opened(customer):
    return open_pub_session(customer)


def with_cookie(client, opened):
    client.cookies["access_token"] = opened.tokens.access
    return client


def test_authentication_is_one_query(opened, as_user, django_assert_num_queries):
    client = as_user(None)

    with django_assert_num_queries(1) as queries:
        response = client.send("DELETE", "/customers/1/", HTTP_AUTHORIZATION=f"Bearer {opened.tokens.access}")

    assert response.status_code == 403
    assert "accounts_session" in queries[0]["sql"]
    assert "accounts_user" in queries[0]["sql"]


def test_the_cookie_is_as_good_as_the_header(opened, as_user):
    response = with_cookie(as_user(None), opened).send("GET", "/customers/")

    assert (response.status_code, response.json()["username"]) == (200, "ann")


def test_a_session_of_any_surface_is_accepted(customer, as_user):
    from_elsewhere = open_pub_session(customer)
    Session.objects.filter(pk=from_elsewhere.session.pk).update(surface="auto")

    response = with_cookie(as_user(None), from_elsewhere).send("GET", "/customers/")

    assert response.status_code == 200


def test_the_header_wins_over_the_cookie(opened, stranger, as_user):
    response = with_cookie(as_user(stranger), opened).send("GET", "/customers/")

    assert response.json()["username"] == "stranger"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "Bearer x", "bearer a.b.c", "Bearer \xff"])
def test_a_header_that_is_no_token_is_refused_though_the_cookie_is_good(opened, as_user, header):
    response = with_cookie(as_user(None), opened).send("GET", "/customers/", HTTP_AUTHORIZATION=header)

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_nobody_is_told_so(db, as_user):
    response = as_user(None).send("GET", "/customers/")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"HTTP_SEC_FETCH_SITE": "same-origin"}, 200),
        ({"HTTP_SEC_FETCH_SITE": "none"}, 200),
        ({"HTTP_SEC_FETCH_SITE": "same-site"}, 403),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, 403),
        ({"HTTP_ORIGIN": OWN}, 200),
        ({"HTTP_ORIGIN": ALLOWED}, 200),
        ({"HTTP_ORIGIN": FOREIGN}, 403),
        ({"HTTP_ORIGIN": "null"}, 403),
        ({"HTTP_ORIGIN": ""}, 403),
        ({"HTTP_ORIGIN": f"{OWN}.evil.example"}, 403),
        ({"HTTP_ORIGIN": "https://testserver"}, 403),
        ({"HTTP_ORIGIN": "http://testserver:8080"}, 403),
    ],
)
def test_an_unsafe_request_with_the_cookie_must_come_from_our_own_pages(opened, stranger, as_user, headers, status):
    client = with_cookie(as_user(None), opened)

    response = client.send("POST", f"/customers/{stranger.pk}/block/", {}, **headers)

    assert response.status_code == status
    assert opened.user.blocks_made.count() == (status == 200)
    if status == 403:
        assert response.json()["code"] == "foreign_origin"


def test_where_a_header_comes_from_does_not_matter(customer, stranger, as_user):
    response = as_user(customer).send("POST", f"/customers/{stranger.pk}/block/", {}, HTTP_ORIGIN=FOREIGN)

    assert response.status_code == 200


def test_reading_with_the_cookie_is_left_to_cors(opened, as_user):
    response = with_cookie(as_user(None), opened).send("GET", "/customers/", HTTP_ORIGIN=FOREIGN)

    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response


def test_a_session_whose_days_are_over_is_refused(customer, as_user):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        opened = open_pub_session(customer)
        Session.objects.filter(pk=opened.session.pk).update(expires_at=timezone.now() + timedelta(seconds=5))
        clock.shift(5)

        response = with_cookie(as_user(None), opened).send("GET", "/customers/")

    assert (response.status_code, response.json()["code"]) == (401, "session_ended")


def test_last_use_is_noted_once_a_minute(customer, as_user, django_assert_num_queries):
    with time_machine.travel("2024-06-01T12:00:00Z", tick=False) as clock:
        client = as_user(customer)
        clock.shift(59)
        with django_assert_num_queries(1):
            client.send("DELETE", "/customers/1/")
        clock.shift(1)
        with django_assert_num_queries(2):
            client.send("DELETE", "/customers/1/")

        assert Session.objects.get().last_seen_at == timezone.now()


def test_a_token_whose_session_is_another_users_is_refused(opened, stranger, as_user):
    Session.objects.filter(pk=opened.session.pk).update(user=stranger)

    response = with_cookie(as_user(None), opened).send("GET", "/customers/")

    assert (response.status_code, response.json()["code"]) == (401, "session_ended")


def test_policy_of_this_surface_is_an_hour_and_a_week():
    policy = SessionPolicy(surface="pub")

    assert (policy.access, policy.refresh) == (timedelta(hours=1), timedelta(days=7))
