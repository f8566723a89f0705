"""A browser that holds its tokens as cookies only."""

import pytest
from django.http import HttpResponse

from accounts.api.cookies import set_token_cookies
from conftest import ApiClient, open_pub_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(customer):
    client = ApiClient()
    response = HttpResponse()
    set_token_cookies(response, open_pub_session(customer).tokens)
    client.cookies.update(response.cookies)
    return client


def test_a_refresh_cookie_is_renewed_as_a_cookie(browser):
    before = browser.cookies["refresh_token"].value

    answer = browser.send("POST", "/token/refresh/", {})

    assert answer.status_code == 200
    assert answer.cookies["refresh_token"].value == answer.json()["refresh"] != before
    assert answer.cookies["refresh_token"]["httponly"]
    assert answer.cookies["refresh_token"]["path"] == "/token/"
    assert browser.get("/customers/").status_code == 200


def test_a_refresh_cookie_is_refused_to_another_sites_page(browser):
    answer = browser.send("POST", "/token/refresh/", {}, HTTP_ORIGIN="https://evil.example")

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert not answer.cookies


def test_without_body_and_cookie_the_field_is_missing():
    answer = ApiClient().send("POST", "/token/refresh/", {})

    assert answer.status_code == 400
    assert answer.json()["details"] == {"refresh": ["This field is required."]}


@pytest.mark.parametrize("body", [[], "x", 7])
def test_a_body_that_is_no_object_is_refused(browser, body):
    answer = browser.send("POST", "/token/refresh/", body)

    assert answer.status_code == 400
