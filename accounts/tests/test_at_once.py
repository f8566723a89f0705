"""What many do at the same moment, in threads that each have a database connection of their own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.errors import NameTaken, OneTimePasswordRefused, SessionEnded, SignInRefused
from accounts.models import OneTimePassword, Session, User
from accounts.services.one_time_passwords import (
    Asker,
    issue_one_time_password,
    request_one_time_password,
    use_one_time_password,
)
from accounts.services.passwords import change_password
from accounts.services.registration import AccountDetails, ProfileDetails, register_customer
from accounts.services.sessions import refresh_session
from accounts.tests.browsers import browser_of
from accounts.tokens import read_refresh_token
from conftest import ApiClient, open_pub_session

THREADS = 32
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def at_once(acts, threads=THREADS):
    """What each act returned or raised."""
    start = threading.Barrier(min(threads, len(acts)))

    def run(act):
        try:
            return act()
        except (OneTimePasswordRefused, SessionEnded, SignInRefused) as refusal:
            return type(refusal)
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(threads, initializer=start.wait) as pool:
        return list(pool.map(run, acts))


def test_two_hundred_refreshes_of_one_token_make_one_successor(customer):
    opened = open_pub_session(customer)

    answers = at_once([lambda: refresh_session(opened.tokens.refresh)] * 200)

    assert len(set(answers)) == 1
    successor = answers[0].refresh
    assert read_refresh_token(successor).session_id == opened.session.pk
    assert Session.objects.get().revoked_at is None
    with time_machine.travel(timezone.now() + timedelta(seconds=12)):
        with pytest.raises(SessionEnded):
            refresh_session(opened.tokens.refresh)
        with pytest.raises(SessionEnded):
            refresh_session(successor)
    assert Session.objects.get().revoked_at is not None


def test_all_that_a_page_asks_for_at_once_is_served_though_its_access_token_has_run_out(customer):
    with time_machine.travel(timezone.now() - timedelta(minutes=16)):
        cookies = {name: cookie.value for name, cookie in browser_of(customer).cookies.items()}

    answers = at_once([lambda: tab_with(cookies).get("/api/me/")] * 10)

    assert [answer.status_code for answer in answers] == [200] * 10
    assert all(set(answer.cookies) == {"access_token", "id_token"} for answer in answers)
    assert all(tab_with(cookies, answer).get("/api/me/").cookies == {} for answer in answers)
    assert tab_with(cookies).send("POST", "/api/refresh/").status_code == 204


def test_refreshing_meanwhile_disturbs_none_of_it(customer):
    with time_machine.travel(timezone.now() - timedelta(minutes=16)):
        cookies = {name: cookie.value for name, cookie in browser_of(customer).cookies.items()}
    asking = [lambda: tab_with(cookies).get("/api/me/")] * 8
    refreshing = [lambda: tab_with(cookies).send("POST", "/api/refresh/")] * 4

    answers = at_once([*asking[:4], *refreshing, *asking[4:]])

    assert Counter(answer.status_code for answer in answers) == {200: 8, 204: 4}
    assert len({answer.cookies["refresh_token"].value for answer in answers if answer.status_code == 204}) == 1
    assert Session.objects.get().revoked_at is None


def tab_with(cookies, answer=None):
    """A client with these cookies, and what `answer` made of them."""
    tab = ApiClient()
    tab.cookies.load(cookies)
    tab.cookies.update(answer.cookies if answer else {})
    return tab


def test_of_a_thousand_wrong_codes_at_most_five_are_judged(customer, issued_codes):
    asked = request_one_time_password(surface="pub", asker=Asker(email=customer.email))
    if not issued_codes:
        issue_one_time_password(asked.pk)
    right = issued_codes[0].code
    wrong = [f"{(int(right) + 1 + number) % 10**6:06}" for number in range(1000)]

    answers = at_once([lambda code=code: try_code(customer, code) for code in [*wrong, right]])

    assert answers == [OneTimePasswordRefused] * 1001
    assert OneTimePassword.objects.get().tries == 5
    assert OneTimePassword.objects.get().used_at is None
    assert not Session.objects.exists()


def try_code(customer, code):
    return use_one_time_password(surface="pub", email=customer.email, code=code)


def test_the_right_code_lets_one_of_many_in(customer, issued_codes):
    asked = request_one_time_password(surface="pub", asker=Asker(email=customer.email))
    if not issued_codes:
        issue_one_time_password(asked.pk)
    code = issued_codes[0].code

    answers = at_once([lambda: try_code(customer, code)] * 20)

    assert len([answer for answer in answers if answer is not OneTimePasswordRefused]) == 1


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ([("John", "john@example.com"), ("john", "other@example.com")], "username"),
        ([("john", "john@example.com"), ("jack", "John@example.com")], "email"),
    ],
)
def test_two_who_register_one_name_at_once(names, field):
    bodies = [{"username": username, "email": email, "password": "Correct-horse-7"} for username, email in names]

    answers = at_once([lambda body=body: ApiClient().send("POST", "/register/customer/", body) for body in bodies])

    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 1}
    refused = next(answer.json() for answer in answers if answer.status_code == 400)
    assert (refused["code"], list(refused["details"])) == ("taken", [field])
    assert User.objects.count() == 1


def test_the_constraints_decide_where_nobody_saw_the_other(monkeypatch):
    """Every attempt looks before any of them writes, as the slowest race would have it."""
    looked = threading.Barrier(4, timeout=20)
    monkeypatch.setattr(User, "set_password", lambda user, password: looked.wait() and None)

    answers = at_once([register_john] * 4)

    assert sorted(answers, key=str) == [["email", "username"]] * 3 + ["in"]


def register_john():
    try:
        register_customer(
            details=AccountDetails("john", "john@example.com"),
            profile=ProfileDetails(),
            password="Correct-horse-7",
            address="127.0.0.1",
        )
    except NameTaken as taken:
        return sorted(taken.fields)
    return "in"


def test_no_session_survives_a_password_change_that_it_raced(customer):
    stale = [User.objects.get(pk=customer.pk) for _ in range(12)]
    signing_in = [lambda user=user: open_pub_session(user) for user in stale]

    at_once([*signing_in[:6], lambda: change_password(user=customer, new_password="Another-horse-8"), *signing_in[6:]])

    assert not Session.objects.filter(revoked_at=None).exists()
