"""The page behind a mailed link: it lets a password be set, and tells its address to nobody."""

import pytest

from accounts.events import UserInvited
from accounts.models import User, UserType
from accounts.services.invitations import invite_new_user
from accounts.services.registration import AccountDetails
from core.events import with_it
from tests.log_lines import every_log_line

NEW = "Quite-new-horse-5"
BROWSER = {"HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8"}
INVITED: list[UserInvited] = []
with_it(UserInvited)(INVITED.append)


@pytest.fixture
def link(superuser):
    INVITED.clear()
    details = AccountDetails(username="vera", email="vera@example.com")
    invite_new_user(details=details, user_type=UserType.VENDOR, by=superuser)
    return f"/invitations/{INVITED[0].token}/"


def test_the_page_shows_who_is_invited_and_keeps_its_address_to_itself(link, as_user):
    page = as_user(None).get(link, **BROWSER)

    assert page.status_code == 200
    assert "<strong>vera</strong>" in page.content.decode()
    assert link not in page.content.decode()
    assert (page["Referrer-Policy"], page["Cache-Control"]) == ("no-referrer", "no-store")
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "form-action 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_the_password_is_set_once_and_serves_to_sign_in(link, as_user):
    client = as_user(None)

    first = client.send("POST", link, {"password": NEW})
    second = client.send("POST", link, {"password": "Another-horse-8"})
    signed_in = client.send("POST", "/login/owner/", {"username": "vera", "password": NEW})

    assert (first.status_code, first.json()) == (200, {"message": "Your password is set. You can sign in now."})
    assert (second.status_code, second.json()["code"]) == (410, "invitation_over")
    assert second["Referrer-Policy"] == "no-referrer"
    assert signed_in.status_code == 200


def test_a_link_that_is_over_is_a_page_for_people_and_json_for_programs(link, as_user):
    client = as_user(None)
    client.send("POST", link, {"password": NEW})

    page, json, unknown = client.get(link, **BROWSER), client.get(link), client.get("/invitations/nope/", **BROWSER)

    assert (page.status_code, unknown.status_code) == (410, 404)
    assert "This link serves no longer" in page.content.decode()
    assert "This link serves no longer" in unknown.content.decode()
    assert (json.status_code, json.json()["code"]) == (410, "invitation_over")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "password"),
        ({"password": ""}, "password"),
        ({"password": None}, "password"),
        ({"password": 12345678}, "password"),
        ({"password": ["x"]}, "password"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"password": "nul\0nul-nul-7"}, "password"),
        ([], "non_field_errors"),
    ],
)
def test_a_bad_password_is_refused_by_name_and_the_link_stays(body, named, link, as_user):
    refused = as_user(None).send("POST", link, body)

    assert (refused.status_code, set(refused.json()["details"])) == (400, {named})
    assert not User.objects.get(username="vera").has_usable_password()


def test_neither_token_nor_password_is_logged(link, as_user):
    token = link.split("/")[2]

    with every_log_line() as written:
        client = as_user(None)
        client.get(link, **BROWSER)
        client.send("POST", link, {"password": "short"})
        client.send("POST", link, {"password": NEW})
        client.get(link)

    assert "invitations/<str:token>/" in written.getvalue()
    assert token not in written.getvalue()
    assert NEW not in written.getvalue()
