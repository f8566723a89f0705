from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.errors import ChangedMeanwhile, LogoutRefused, SessionEnded, SignInRefused, TokenInvalid
from accounts.models import Session, User
from accounts.services.passwords import change_password
from accounts.services.registration import deactivate_user
from accounts.services.sessions import (
    end_all_sessions,
    log_out,
    open_session,
    purge_sessions,
    refresh_session,
    revoke_session,
)
from conftest import PASSWORD, open_pub_session
from core.errors import NotFound
from core.sessions import SessionPolicy

START = "2024-06-01T12:00:00Z"


@pytest.fixture
def clock(db):
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def opened(clock, customer):
    return open_pub_session(customer)


def is_live(session):
    return Session.objects.get(pk=session.pk).revoked_at is None


def test_refreshing_replaces_the_refresh_token(opened, clock):
    clock.shift(60)

    fresh = refresh_session(opened.tokens.refresh)

    assert fresh.refresh != opened.tokens.refresh
    assert fresh.access != opened.tokens.access
    assert refresh_session(fresh.refresh).refresh not in {fresh.refresh, opened.tokens.refresh}


@pytest.mark.parametrize("seconds", [0, 1, 9, 10])
def test_the_same_token_within_ten_seconds_gets_the_same_answer(opened, clock, seconds):
    clock.shift(60)
    first = refresh_session(opened.tokens.refresh)
    clock.shift(seconds)

    assert refresh_session(opened.tokens.refresh) == first
    assert is_live(opened.session)


def test_a_token_replayed_after_ten_seconds_ends_its_session(opened, clock):
    fresh = refresh_session(opened.tokens.refresh)
    clock.shift(11)

    with pytest.raises(SessionEnded):
        refresh_session(opened.tokens.refresh)

    assert not is_live(opened.session)
    with pytest.raises(SessionEnded):
        refresh_session(fresh.refresh)


def test_a_token_replaced_twice_ends_its_session_even_at_once(opened):
    second = refresh_session(opened.tokens.refresh)
    refresh_session(second.refresh)

    with pytest.raises(SessionEnded):
        refresh_session(opened.tokens.refresh)

    assert not is_live(opened.session)


def test_a_session_lives_as_long_as_it_is_refreshed(opened, clock):
    refresh = opened.tokens.refresh
    for _ in range(3):
        clock.shift(timedelta(days=6))
        refresh = refresh_session(refresh).refresh

    clock.shift(timedelta(days=7, seconds=1))

    with pytest.raises(TokenInvalid):
        refresh_session(refresh)


def test_lifetimes_are_those_of_the_surface_that_opened_the_session(clock, customer):
    policy = SessionPolicy(surface="pulse", access=timedelta(minutes=15), refresh=timedelta(days=30))

    opened = open_session(user=customer, policy=policy, device="A phone " * 100)

    assert opened.session.expires_at == timezone.now() + timedelta(days=30)
    assert opened.session.access_lifetime == timedelta(minutes=15)
    assert len(opened.session.device) == 255


def test_no_session_opens_for_who_was_deactivated_meanwhile(customer):
    read_before = User.objects.get(pk=customer.pk)
    deactivate_user(user=customer)

    with pytest.raises(SignInRefused):
        open_pub_session(read_before)

    assert not Session.objects.exists()


def test_no_session_opens_with_the_password_of_before_its_change(customer):
    read_before = User.objects.get(pk=customer.pk)
    change_password(user=customer, new_password="Another-horse-8")

    with pytest.raises(SignInRefused):
        open_pub_session(read_before)

    assert not Session.objects.exists()


def test_a_password_is_changed_once_by_two_who_read_the_same(customer):
    read_before = User.objects.get(pk=customer.pk)
    change_password(user=customer, new_password="Another-horse-8")

    with pytest.raises(ChangedMeanwhile):
        change_password(user=read_before, new_password="A-third-horse-9")

    assert User.objects.get(pk=customer.pk).check_password("Another-horse-8")


@pytest.mark.parametrize(
    "end",
    [
        lambda opened: log_out(refresh=opened.tokens.refresh, by=None),
        lambda opened: revoke_session(session_id=opened.session.pk, by=opened.user),
        lambda opened: end_all_sessions(opened.user),
        lambda opened: deactivate_user(user=opened.user),
        lambda opened: change_password(user=opened.user, new_password="Another-horse-8"),
        lambda opened: User.objects.filter(pk=opened.user.pk).update(is_active=False),
        lambda opened: Session.objects.filter(pk=opened.session.pk).delete(),
    ],
    ids=["logout", "revoked", "all ended", "deactivated", "password changed", "switched off", "purged"],
)
def test_an_ended_session_is_refused_at_once(opened, as_user, end):
    client = as_user(None)
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {opened.tokens.access}"}
    assert client.send("GET", "/customers/", **bearer).status_code == 200

    end(opened)

    response = client.send("GET", "/customers/", **bearer)
    assert (response.status_code, response.json()["code"]) == (401, "session_ended")
    with pytest.raises(SessionEnded):
        refresh_session(opened.tokens.refresh)


def test_other_peoples_sessions_go_on(opened, stranger):
    theirs = open_pub_session(stranger)

    deactivate_user(user=opened.user)

    assert is_live(theirs.session)


def test_logging_out_with_a_token_replaced_a_moment_ago_is_logging_out(opened, clock):
    refresh_session(opened.tokens.refresh)
    clock.shift(5)

    log_out(refresh=opened.tokens.refresh, by=None)

    assert not is_live(opened.session)


def test_logging_out_with_a_token_replaced_long_ago_is_refused_and_ends_the_session(opened, clock):
    refresh_session(opened.tokens.refresh)
    clock.shift(11)

    with pytest.raises(LogoutRefused):
        log_out(refresh=opened.tokens.refresh, by=None)

    assert not is_live(opened.session)


def test_someone_elses_token_logs_nobody_out(opened, stranger):
    with pytest.raises(LogoutRefused):
        log_out(refresh=opened.tokens.refresh, by=stranger)

    assert is_live(opened.session)


def test_someone_elses_session_is_not_found(opened, stranger):
    with pytest.raises(NotFound):
        revoke_session(session_id=opened.session.pk, by=stranger)

    assert is_live(opened.session)


def test_long_dead_sessions_are_forgotten(opened, customer, clock):
    clock.shift(timedelta(days=36))
    recent = open_pub_session(customer)
    clock.shift(timedelta(days=2))

    assert purge_sessions() == 1

    assert list(Session.objects.all()) == [recent.session]


# Through the doors


def test_owner_signs_in(clock, owner, as_user):
    response = as_user(None).send(
        "POST", "/login/owner/", {"username": "OLGA", "password": PASSWORD}, HTTP_USER_AGENT="Pad\x00 1"
    )

    session = Session.objects.get()
    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh", "user"}
    assert response.json()["user"] == {
        "id": owner.pk,
        "username": "olga",
        "email": "olga@example.com",
        "first_name": "",
        "last_name": "",
        "gender": "",
        "user_type": "venue_owner",
        "customer_profile": None,
    }
    assert (session.user, session.surface, session.device) == (owner, "pub", "Pad 1")


@pytest.mark.parametrize(
    ("user_type", "status"),
    [
        ("venue_owner", 200),
        ("superuser", 200),
        ("vendor", 200),
        ("support", 200),
        ("customer", 401),
        ("influencer", 401),
        ("brand", 401),
        ("entrepreneur", 401),
        ("member", 401),
    ],
)
def test_the_owners_door_is_for_those_who_work_here(make_user, as_user, user_type, status):
    make_user("somebody", user_type)

    response = as_user(None).send("POST", "/login/owner/", {"username": "somebody", "password": PASSWORD})

    assert response.status_code == status


def test_every_refusal_at_the_door_looks_the_same(make_user, as_user, owner):
    make_user("ann")
    make_user("gone", "venue_owner", is_active=False)
    attempts = [("olga", "wrong"), ("nobody", PASSWORD), ("ann", PASSWORD), ("gone", PASSWORD), ("olga%", PASSWORD)]

    answers = [
        as_user(None).send("POST", "/login/owner/", {"username": username, "password": password})
        for username, password in attempts
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert [answer.json() for answer in answers] == [
        {"error": "Invalid username or password.", "code": "bad_credentials"}
    ] * len(attempts)
    assert not Session.objects.exists()


def test_refreshing_through_the_door(opened, as_user):
    response = as_user(None).send("POST", "/token/refresh/", {"refresh": opened.tokens.refresh})

    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}
    again = as_user(None).send("POST", "/token/refresh/", {"refresh": opened.tokens.refresh})
    assert again.json() == response.json()
    bearer = f"Bearer {response.json()['access']}"
    assert as_user(None).send("GET", "/customer-tokens/", HTTP_AUTHORIZATION=bearer).status_code == 200


@pytest.mark.parametrize("token", ["x", "a.b.c", "é"])
def test_refreshing_with_nonsense_is_refused(db, as_user, token):
    response = as_user(None).send("POST", "/token/refresh/", {"refresh": token})

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")


def test_logging_out_needs_only_the_refresh_token(opened, as_user):
    response = as_user(None).send("POST", "/logout/", {"refresh": opened.tokens.refresh})

    assert (response.status_code, response.json()) == (200, {"message": "Logged out."})
    assert not is_live(opened.session)
    again = as_user(None).send("POST", "/logout/", {"refresh": opened.tokens.refresh})
    assert (again.status_code, again.json()) == (400, {"error": "Invalid refresh token.", "code": "token_invalid"})


def test_logging_out_with_an_access_token_that_ran_out_meanwhile(opened, as_user, clock):
    clock.shift(timedelta(hours=2))

    response = as_user(None).send(
        "POST",
        "/logout/",
        {"refresh": opened.tokens.refresh},
        HTTP_AUTHORIZATION=f"Bearer {opened.tokens.access}",
    )

    assert response.status_code == 200
    assert not is_live(opened.session)


def test_logging_someone_else_out_is_refused(opened, stranger, as_user):
    response = as_user(stranger).send("POST", "/logout/", {"refresh": opened.tokens.refresh})

    assert (response.status_code, response.json()["code"]) == (400, "token_invalid")
    assert is_live(opened.session)


def test_an_access_token_logs_nobody_out(opened, as_user):
    response = as_user(None).send("POST", "/logout/", {"refresh": opened.tokens.access})

    assert (response.status_code, response.json()["code"]) == (400, "token_invalid")
    assert is_live(opened.session)


def test_token_details(opened, as_user, customer, clock):
    clock.shift(30)
    other = open_session(user=customer, policy=SessionPolicy(surface="auto"), device="A car")
    clock.shift(30)

    response = as_user(None).send("GET", "/customer-tokens/", HTTP_AUTHORIZATION=f"Bearer {opened.tokens.access}")

    this = {
        "id": str(opened.session.pk),
        "surface": "pub",
        "device": "",
        "created_at": "2024-06-01T12:00:00Z",
        "last_seen_at": "2024-06-01T12:01:00Z",
        "expires_at": "2024-06-08T12:00:00Z",
        "current": True,
    }
    that = {
        "id": str(other.session.pk),
        "surface": "auto",
        "device": "A car",
        "created_at": "2024-06-01T12:00:30Z",
        "last_seen_at": "2024-06-01T12:00:30Z",
        "expires_at": "2024-06-08T12:00:30Z",
        "current": False,
    }
    body = response.json()
    assert len(body.pop("jti")) == 32
    assert body == {
        "token_type": "access",
        "issued_at": "2024-06-01T12:00:00Z",
        "expires_at": "2024-06-01T13:00:00Z",
        "expires_in": 3540,
        "session": this,
        "sessions": [this, that],
    }


@pytest.mark.parametrize("others", [1, 3])
def test_token_details_take_the_same_queries_however_many_sessions(
    others, customer, as_user, django_assert_num_queries
):
    client = as_user(customer)
    for _ in range(others):
        open_pub_session(customer)

    with django_assert_num_queries(2):
        response = client.send("GET", "/customer-tokens/")

    assert len(response.json()["sessions"]) == others + 1


def test_revoking_a_session_through_the_door(opened, customer, as_user):
    client = as_user(customer)

    response = client.send("DELETE", f"/customer-tokens/{opened.session.pk}/")

    assert (response.status_code, response.content) == (204, b"")
    assert not is_live(opened.session)
    assert client.send("DELETE", f"/customer-tokens/{opened.session.pk}/").status_code == 404


def test_ended_and_expired_sessions_are_not_listed(opened, customer, as_user, clock):
    log_out(refresh=opened.tokens.refresh, by=None)
    open_session(user=customer, policy=SessionPolicy(surface="pub", refresh=timedelta(hours=1)))
    clock.shift(timedelta(hours=1, seconds=1))

    response = as_user(customer).send("GET", "/customer-tokens/")

    assert [session["current"] for session in response.json()["sessions"]] == [True]
