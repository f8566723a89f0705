"""What is personal or secret stands in no log line, no error's body, no header and no metric, whichever way it came
in.
"""

import base64
import json
import re
from typing import Any

import pytest
from django.core import mail

from accounts.models import User
from conftest import ApiClient
from tests.log_lines import every_log_line

EMAIL = "canary.7f3a@example.com"
PHONE = "07700900913"
PASSWORD = "Canary-pass-7f3a"
OTHER_PASSWORD = "Canary-pass-9c1e"
IDEMPOTENCY_KEY = "canary-key-7f3a"
ANY_LINE = {"time", "level", "logger", "message", "request_id", "exception"}
A_REQUESTS_LINE = {"method", "route", "status", "duration_ms", "surface"}
REGISTRATION = {"username": "canary", "email": EMAIL, "password": PASSWORD}


class Watched:
    """Sends requests and keeps what no canary may be in: bodies of errors, and headers but for cookies."""

    def __init__(self) -> None:
        self.client = ApiClient()
        self.canaries = {EMAIL, PHONE, PASSWORD, OTHER_PASSWORD, IDEMPOTENCY_KEY}
        self.seen: list[str] = []

    def send(self, method: str, url: str, body: Any = None, *, expect: int, token: str = "") -> Any:
        headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
        return self._look_at(self.client.send(method, url, body, **headers), expect)

    def send_raw(self, url: str, data: str, *, expect: int, content_type: str = "application/json") -> Any:
        return self._look_at(self.client.post(url, data, content_type=content_type), expect)

    def _look_at(self, answer: Any, expected: int) -> Any:
        assert answer.status_code == expected, answer.content
        self.canaries |= {cookie.value for cookie in answer.cookies.values() if cookie.value}
        self.seen.append(str({name: value for name, value in answer.headers.items() if name != "Set-Cookie"}))
        if answer.status_code >= 400:
            self.seen.append(answer.content.decode())
        elif answer.content and "access" in answer.json():
            self.canaries |= {answer.json()["access"], answer.json()["refresh"]}
        return answer.json() if answer.content and answer["Content-Type"] == "application/json" else None


@pytest.fixture
def watched(people, django_capture_on_commit_callbacks):
    watched = Watched()
    with every_log_line() as written, django_capture_on_commit_callbacks(execute=True):
        yield watched
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert "access" in {line["logger"] for line in lines}
    assert {name for line in lines for name in line} <= ANY_LINE | A_REQUESTS_LINE
    assert all(line.keys() >= A_REQUESTS_LINE for line in lines if line["logger"] == "access")
    metrics = people["superuser"].get("/metrics").content.decode()
    assert "pubnetwork_http_request_duration_seconds_count" in metrics
    for canary in watched.canaries:
        assert canary not in written.getvalue()
        assert canary not in metrics
        assert [seen for seen in watched.seen if canary in seen] == []


def sign_in(watched: Watched, password: str = PASSWORD) -> dict[str, Any]:
    watched.send("POST", "/register/customer/", REGISTRATION, expect=201)
    body = {"username": "canary", "password": password, "venue": 3}
    opened: dict[str, Any] = watched.send("POST", "/login/customer/", body, expect=200)
    return opened


def test_joining(watched):
    watched.send("POST", "/register/customer/", REGISTRATION, expect=201)
    watched.send("POST", "/register/customer/", REGISTRATION, expect=400)
    watched.send("POST", "/register/customer/", {**REGISTRATION, "username": EMAIL + " ", "gender": 1}, expect=400)
    watched.send("POST", "/register/customer/", {**REGISTRATION, "email": f"{EMAIL}@", "password": ""}, expect=400)
    watched.send("POST", "/register/customer/", {**REGISTRATION, "password": PASSWORD * 10}, expect=400)
    watched.send_raw("/register/customer/", f'{{"email": "{EMAIL}", "password": "{PASSWORD}', expect=400)
    watched.send_raw("/register/customer/", f"{EMAIL}={PASSWORD}", expect=415, content_type="text/plain")


def test_signing_in_and_out(watched):
    opened = sign_in(watched)

    watched.send("POST", "/login/customer/", {"username": EMAIL, "password": OTHER_PASSWORD, "venue": 3}, expect=401)
    watched.send("POST", "/login/owner/", {"username": "canary", "password": PASSWORD}, expect=401)
    watched.send("GET", "/customers/", expect=200, token=opened["access"])
    watched.send("GET", "/customer-tokens/", expect=200, token=opened["access"])
    watched.send("GET", "/customers/", expect=401, token=f"{opened['access']}x")
    watched.send("POST", "/token/refresh/", {"refresh": f"{opened['refresh']}x"}, expect=401)
    fresh = watched.send("POST", "/token/refresh/", {"refresh": opened["refresh"]}, expect=200)
    watched.send("POST", "/logout/", {"refresh": f"{fresh['refresh']}x"}, expect=400)
    watched.send("POST", "/logout/", {"refresh": fresh["refresh"]}, expect=200)
    watched.send("GET", "/customers/", expect=401, token=fresh["access"])


def test_one_time_passwords(watched, django_capture_on_commit_callbacks):
    watched.send("POST", "/register/customer/", REGISTRATION, expect=201)
    asked = {"username": "canary", "email": EMAIL, "var_id": "v1"}
    with django_capture_on_commit_callbacks(execute=True):
        watched.send("POST", "/customers/login/passwordless/", asked, expect=200)
    code = re.search(r"\b\d{6}\b", mail.outbox[-1].body)
    assert code
    wrong = "000000" if code[0] != "000000" else "111111"
    watched.canaries |= {code[0]}

    watched.send("POST", "/customers/login/passwordless/", {**asked, "var_id": EMAIL}, expect=400)
    watched.send("POST", "/customers/login/validate-otp/", {"email": EMAIL, "otp": wrong}, expect=400)
    watched.send("POST", "/customers/login/validate-otp/", {"email": EMAIL, "otp": code[0] * 9}, expect=400)
    watched.send("POST", "/customers/login/validate-otp/", {"email": EMAIL, "otp": code[0]}, expect=200)
    watched.send("POST", "/customers/login/validate-otp/", {"email": EMAIL, "otp": code[0]}, expect=400)


MEMBER = {"username": "canary", "password": PASSWORD, "email": EMAIL, "full_name": "Canary Bird"}


def sign_a_browser_in(watched: Watched, capture_on_commit: Any) -> None:
    watched.send("POST", "/api/register/", MEMBER, expect=201)
    with capture_on_commit(execute=True):
        watched.send("POST", "/api/request-otp/", {"email": EMAIL}, expect=200)
    code = re.search(r"\b\d{6}\b", mail.outbox[-1].body)
    assert code
    wrong = "000000" if code[0] != "000000" else "111111"
    watched.canaries |= {code[0]}
    watched.send("POST", "/api/verify-otp/", {"email": EMAIL, "otp": wrong}, expect=400)
    watched.send("POST", "/api/verify-otp/", {"email": f"{EMAIL}@", "otp": code[0]}, expect=400)
    watched.send("POST", "/api/verify-otp/", {"email": EMAIL, "otp": code[0]}, expect=200)


def test_a_browser_joining_and_going(watched, django_capture_on_commit_callbacks):
    sign_a_browser_in(watched, django_capture_on_commit_callbacks)

    watched.send("POST", "/api/register/", MEMBER, expect=400)
    watched.send("POST", "/api/register/", {**MEMBER, "username": EMAIL + " ", "password": ""}, expect=400)
    watched.send_raw("/api/register/", f'{{"email": "{EMAIL}", "password": "{PASSWORD}', expect=400)
    watched.send("GET", "/api/me/", expect=200)
    watched.send("PATCH", "/api/me/", {"username": f"{EMAIL} {PHONE}"}, expect=400)
    watched.canaries |= {watched.send("POST", "/api/ws-ticket/", expect=201)["ticket"]}
    del watched.client.cookies["access_token"]
    watched.send("GET", "/api/me/", expect=200)
    del watched.client.cookies["access_token"]
    watched.send("POST", "/api/refresh/", expect=204)
    watched.client.cookies["refresh_token"] = refresh = f"{watched.client.cookies['refresh_token'].value}x"
    watched.canaries |= {refresh}
    watched.send("POST", "/api/refresh/", expect=401)
    watched.send("POST", "/api/logout/", expect=200)
    watched.send("GET", "/api/workspaces/", expect=401)


def test_working_together(watched, people, django_capture_on_commit_callbacks):
    sign_a_browser_in(watched, django_capture_on_commit_callbacks)
    invited = f"invited.{EMAIL}"
    made = watched.send("POST", "/api/workspaces/", {"name": "Birds", "description": PHONE}, expect=201)
    members = f"/api/workspaces/{made['workspace_id']}/members/"
    room = {"workspace_id": made["workspace_id"], "name": "general", "is_private": False}
    channel_id = watched.send("POST", "/api/channels/", room, expect=201)["channel_id"]
    said = {"channel_id": channel_id, "body": f"Call me: {PHONE} or {EMAIL}, @canary"}

    watched.send("POST", members, {"email": invited, "role": "member"}, expect=201)
    watched.send("POST", members, {"email": EMAIL, "role": "member"}, expect=409)
    watched.send("POST", members, {"email": f"{EMAIL}@", "role": "bird"}, expect=400)
    watched.send("POST", "/api/channels/", {**room, "name": EMAIL * 9}, expect=400)
    watched.send("POST", "/api/messages/", said, expect=201)
    watched.send("POST", "/api/messages/", {**said, "client_id": PHONE * 9}, expect=400)
    watched.send("GET", f"/api/messages/?channel_id={channel_id}&q={PHONE}", expect=200)
    watched.send("GET", f"/api/messages/search/?workspace_id={PHONE}&q={EMAIL}", expect=404)
    watched.send("POST", "/api/activities/", {"workspace_id": made["workspace_id"], "limit": EMAIL}, expect=400)
    watched.send("GET", "/api/notifications/", expect=200)
    watched.send("PATCH", "/api/notifications/preferences/", {"kind": EMAIL}, expect=400)


def test_changing_and_leaving_an_account(watched):
    token = sign_in(watched)["access"]
    mine = f"/customers/{User.objects.get(username='canary').pk}/"

    watched.send("PATCH", mine, {"email": f"{EMAIL}@"}, expect=400, token=token)
    watched.send("PATCH", mine, {"email": f"new.{EMAIL}"}, expect=200, token=token)
    watched.send("GET", "/customers/me/export/", expect=200, token=token)
    change = {"old_password": OTHER_PASSWORD, "new_password": OTHER_PASSWORD}
    watched.send("POST", "/customers/password/", change, expect=400, token=token)
    change = {"old_password": PASSWORD, "new_password": OTHER_PASSWORD}
    token = watched.send("POST", "/customers/password/", change, expect=200, token=token)["access"]
    watched.send("DELETE", "/customers/me/", {"password": PASSWORD}, expect=400, token=token)
    watched.send("DELETE", "/customers/me/", {"password": OTHER_PASSWORD}, expect=204, token=token)


def test_running_a_venue(watched):
    owner = {"username": "owner1", "password": "abcd@123"}
    token = watched.send("POST", "/login/owner/", owner, expect=200)["access"]
    venue = {"name": "Venue xyc", "qr_settings": {"qr_gen_frequency_hours": 24}}
    contact = {"contact_name": EMAIL, "contact_email": EMAIL, "contact_phone": PHONE}

    made = watched.send("POST", "/venues/", {**venue, **contact}, expect=201, token=token)
    watched.send("PATCH", f"/venues/{made['id']}/", {"contact_phone": PHONE * 3}, expect=400, token=token)
    watched.send("PATCH", f"/venues/{made['id']}/", {"contact_email": f"{EMAIL}@"}, expect=400, token=token)
    watched.send("PATCH", f"/venues/{made['id']}/", {"time_zone": EMAIL}, expect=400, token=token)
    watched.send("POST", "/group/3/mute/", {"username": EMAIL, "minutes": 5}, expect=404, token=token)


def test_signing_people_and_venues_up(watched, people, django_capture_on_commit_callbacks):
    admin = {"username": "admin", "password": "admin"}
    token = watched.send("POST", "/login/owner/", admin, expect=200)["access"]
    venue = {"name": "Venue xyc", "contact_name": EMAIL, "contact_email": EMAIL, "contact_phone": PHONE}
    with django_capture_on_commit_callbacks(execute=True):
        watched.send("POST", "/superuser/venues/", venue, expect=201, token=token)
    secret = re.search(r"/invitations/([\w-]+)/", mail.outbox[-1].body)
    assert secret
    watched.canaries |= {secret[1]}

    watched.send("POST", "/superuser/venues/", venue, expect=400, token=token)
    person = {"username": "canary-too", "email": f"{EMAIL}@", "user_type": "vendor"}
    watched.send("POST", "/superuser/users/", person, expect=400, token=token)
    watched.send("POST", f"/invitations/{secret[1]}/", {"password": "x"}, expect=400)
    watched.send("POST", f"/invitations/{secret[1]}x/", {"password": PASSWORD}, expect=404)
    watched.send("POST", f"/invitations/{secret[1]}/", {"password": PASSWORD}, expect=200)
    watched.send("POST", f"/invitations/{secret[1]}/", {"password": OTHER_PASSWORD}, expect=410)
    log = str(people["superuser"].get("/superuser/activity-log/?limit=200").json())
    assert [canary for canary in watched.canaries if canary in log] == []


def test_talking(watched):
    token = sign_in(watched)["access"]

    watched.send("POST", "/private/create/", {"username": EMAIL}, expect=404, token=token)
    watched.send("POST", "/customers/2/report/", {"reason": f"Told everyone {PHONE}"}, expect=201, token=token)
    watched.send("PATCH", "/messages/1/", {"message": PHONE}, expect=404, token=token)
    watched.send("POST", "/messages/1/reactions/", {"emoji": PHONE}, expect=400, token=token)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (f"/nowhere/{EMAIL}/", 404),
        (f"/customers/?token={PASSWORD}&email={EMAIL}", 401),
        (f"/v/{PHONE}/", 400),
        (f"/group/{PHONE}/history/", 401),
        (f"/icebreakers/?gender=male&level={PHONE}", 400),
        (f"/google/callback/?state={PASSWORD}&code={OTHER_PASSWORD}", 503),
        (f"/google/login/?next={EMAIL}", 400),
    ],
)
def test_what_comes_in_an_address(watched, url, status):
    watched.send("GET", url, expect=status)


def test_an_idempotency_key(watched, people):
    owner = people["owner"]
    for _ in range(2):
        answer = owner.send("POST", "/group/3/close/", HTTP_IDEMPOTENCY_KEY=IDEMPOTENCY_KEY)
        watched.seen.append(str(answer.headers))

    assert answer.status_code == 200
    watched.send("GET", "/healthz", expect=200)


def test_where_the_next_page_is(watched, people):
    sign_in(watched)

    link = people["superuser"].get("/customers/?limit=1").headers["Link"]

    cursor = re.search(r"cursor=([\w-]+)", link)
    assert cursor
    watched.seen += [link, str(base64.urlsafe_b64decode(cursor[1] + "=="))]
