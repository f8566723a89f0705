"""Every example of Pulseboard's client document, as written there and in its order, by a browser, on fresh demo data.

John joins; the workspace and the channel that the examples name are c1's.
"""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from conftest import ApiClient

pytestmark = pytest.mark.usefixtures("demo_data")

COOKIES = ("access_token", "refresh_token", "id_token")
JOHN = {
    "username": "johndoe",
    "password": "securePassword123",
    "email": "john@example.com",
    "full_name": "John Doe",
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture
def sign_in(django_capture_on_commit_callbacks):
    """A browser's second and third step: a code to the address, and the cookies for the code."""

    def sign_in(browser: ApiClient, email: str) -> tuple[Any, Any]:
        with django_capture_on_commit_callbacks(execute=True):
            asked = browser.send("POST", "/api/request-otp/", {"email": email})
        (sent,) = (one for one in mail.outbox if one.to == [email])
        code = re.search(r"\b\d{6}\b", sent.body)
        return asked, browser.send("POST", "/api/verify-otp/", {"email": email, "otp": code and code[0]})

    return sign_in


@pytest.fixture
def browser(sign_in) -> ApiClient:
    """Of c1, who is signed in."""
    browser = ApiClient()
    sign_in(browser, "c1@example.com")
    return browser


def body_of(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json()


def moment_of(row: dict[str, Any]) -> str:
    """Takes it out of the row: when it was is not written beforehand, how it is written is."""
    moment: str = row.pop("created_at")
    assert MOMENT.fullmatch(moment)
    return moment


def test_1_authentication(sign_in):
    browser = ApiClient()

    registered = browser.send("POST", "/api/register/", JOHN)
    asked, verified = sign_in(browser, "john@example.com")
    cookies = {name: browser.cookies[name] for name in COOKIES}
    inside = browser.get("/api/workspaces/")
    out = browser.send("POST", "/api/logout/")

    assert body_of(registered, 201) == {"status": "success", "message": "User registered successfully!"}
    assert body_of(asked) == {"status": "success", "message": "OTP sent to john@example.com"}
    assert body_of(verified) == {"status": "success", "message": "Login successful!"}
    assert body_of(inside) == {"status": "success", "data": []}
    assert body_of(out) == {"status": "success", "message": "Logged out"}
    assert all(cookie["httponly"] and cookie["samesite"] == "Lax" for cookie in cookies.values())
    assert {name: (cookie["path"], cookie["max-age"]) for name, cookie in cookies.items()} == {
        "access_token": ("/", 15 * 60),
        "refresh_token": ("/api/", 30 * 24 * 60 * 60),
        "id_token": ("/", 15 * 60),
    }


def test_logging_out_clears_the_cookies_and_revokes_the_tokens(browser):
    kept = {name: browser.cookies[name].value for name in COOKIES}

    browser.send("POST", "/api/logout/")

    assert {name: browser.cookies[name].value for name in COOKIES} == dict.fromkeys(COOKIES, "")
    for name, value in kept.items():
        browser.cookies[name] = value
    assert body_of(browser.get("/api/workspaces/"), 401) == {
        "status": "error",
        "message": "Invalid or expired token",
        "code": "session_ended",
    }


def test_2_workspaces(browser):
    listed = body_of(browser.get("/api/workspaces/"))
    created = browser.send(
        "POST", "/api/workspaces/", {"name": "Marketing Team", "description": "Marketing collaboration space"}
    )

    (workspace,) = listed["data"]
    moment_of(workspace)
    assert listed == {
        "status": "success",
        "data": [
            {
                "id": 1,
                "name": "Engineering Team",
                "description": "Main engineering workspace",
                "created_by": "c1@example.com",
            }
        ],
    }
    made = body_of(created, 201)
    assert made == {"status": "success", "workspace_id": made["workspace_id"]}
    assert made["workspace_id"] > 1


def test_3_channels(browser):
    listed = body_of(browser.get("/api/channels/?workspace_id=1"))
    created = browser.send("POST", "/api/channels/", {"workspace_id": 1, "name": "random", "is_private": False})

    for channel in listed["data"]:
        moment_of(channel)
    assert listed == {
        "status": "success",
        "data": [
            {"id": 1, "workspace_id": 1, "name": "general", "is_private": 0},
            {"id": 2, "workspace_id": 1, "name": "leads", "is_private": 1},
        ],
    }
    made = body_of(created, 201)
    assert made == {"status": "success", "channel_id": made["channel_id"]}
    assert made["channel_id"] > 2


def test_4_messages(browser):
    listed = body_of(browser.get("/api/messages/?channel_id=1"))
    sent = body_of(browser.send("POST", "/api/messages/", {"channel_id": 1, "body": "Hello everyone!"}), 201)
    last = body_of(browser.get("/api/messages/?channel_id=1&limit=1"))

    moments = [moment_of(message) for message in listed["data"]]
    assert moments == sorted(moments)
    assert listed["status"] == "success"
    assert listed["data"][0] == {
        "id": 3,
        "sender_email": "c1@example.com",
        "body": "Hello team!",
        "seq": 1,
        "edited_at": None,
        "deleted": False,
        "reactions": [],
    }
    assert sent == {"status": "success", "message_id": last["data"][0]["id"], "seq": len(moments) + 1}
    assert last["data"][0]["body"] == "Hello everyone!"


def test_5_analytics(browser):
    days = body_of(browser.send("POST", "/api/metrics/messages-per-day", {"workspace_id": 1}))
    browser.send("POST", "/api/messages/", {"channel_id": 1, "body": "Hello everyone!"})
    active = browser.send("POST", "/api/metrics/active-users", {"workspace_id": 1, "minutes": 15})

    today = timezone.now().date()
    assert days["status"] == "success"
    assert [set(row) for row in days["data"]] == [{"day", "count"}] * 14
    assert [row["day"] for row in days["data"]] == [str(today - timedelta(days=ago)) for ago in range(13, -1, -1)]
    assert sum(row["count"] for row in days["data"]) == 16
    assert body_of(active) == {"status": "success", "data": {"active_count": 1}}


def test_6_activity_feed(browser):
    said = body_of(browser.send("POST", "/api/messages/", {"channel_id": 1, "body": "Hello everyone!"}), 201)

    recent = body_of(browser.send("POST", "/api/activities/", {"workspace_id": 1, "limit": 50}))

    ids = [activity["id"] for activity in recent["data"]]
    newest = recent["data"][0]
    moment_of(newest)
    assert recent["status"] == "success"
    assert ids == sorted(ids, reverse=True)
    assert newest == {
        "id": ids[0],
        "actor_email": "c1@example.com",
        "type": "message_sent",
        "ref_id": said["message_id"],
        "summary": "Chloe sent a message in #general",
    }


def test_7_refresh_gives_nothing_new_while_there_is_no_need(browser):
    before = browser.cookies["access_token"].value

    answer = browser.send("POST", "/api/refresh/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert browser.cookies["access_token"].value == before


def test_7_refresh_renews_the_cookies_when_there_is(browser):
    before = {name: browser.cookies[name].value for name in COOKIES}

    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        answer = browser.send("POST", "/api/refresh/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert all(browser.cookies[name].value not in {"", value} for name, value in before.items())


def test_the_backend_refreshes_by_itself_when_needed(browser):
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        del browser.cookies["access_token"]
        answer = browser.get("/api/workspaces/")

    assert answer.status_code == 200
    assert {"access_token", "id_token"} <= set(answer.cookies)


def test_each_code_can_only_be_used_once(browser):
    code = re.search(r"\b\d{6}\b", mail.outbox[0].body)

    again = browser.send("POST", "/api/verify-otp/", {"email": "c1@example.com", "otp": code and code[0]})

    assert (again.status_code, again.json()["status"]) == (400, "error")


@pytest.mark.parametrize("path", ["register", "request-otp", "verify-otp", "logout", "refresh", "activities"])
def test_the_wrong_method_is_told_the_right_one(path):
    assert body_of(ApiClient().get(f"/api/{path}/"), 405) == {
        "status": "error",
        "message": "POST method required",
        "code": "method_not_allowed",
    }
