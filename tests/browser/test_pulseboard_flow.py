"""Pulseboard's client document, *Complete Client Flow Example*, in a browser on a page of another, allowed origin."""

import uuid

import pytest

from tests.browser.conftest import Phones
from tests.browser.elsewhere import pages_elsewhere
from tests.browser.test_chat_page import code_for

pytestmark = pytest.mark.browser

# The document's calls, each with what comes back.
CALL = """
async ([url, method, body]) => {
  const response = await fetch(url, {
    method,
    credentials: 'include', // Important: include cookies
    headers: body ? {'Content-Type': 'application/json'} : {},
    body: body && JSON.stringify(body)
  });
  const text = await response.text();
  return [response.status, text && JSON.parse(text)];
}
"""
# Join the channel, send the message, and hear until the message is there.
CHAT = """
([url, channelId, body]) => new Promise((resolve) => {
  const heard = [];
  const ws = new WebSocket(url);
  ws.onopen = () => {
    ws.send(JSON.stringify({type: 'join_channel', channel_id: channelId}));
    ws.send(JSON.stringify({type: 'send_message', channel_id: channelId, body}));
  };
  ws.onmessage = (event) => {
    const data = JSON.parse(event.data);
    heard.push(data);
    if (data.type === 'new_message' && data.message.body === body) ws.close(1000);
  };
  ws.onclose = ({code}) => resolve([heard, code]);
})
"""
# A request that a browser sends without asking first; its page is told nothing of the answer.
BLIND_POST = """
async ([url, body]) => {
  const response = await fetch(url, {method: 'POST', credentials: 'include', mode: 'no-cors', body});
  return response.type;
}
"""


@pytest.fixture
def clients(chromium, server):
    """Browsers on the client's own pages."""
    clients = Phones(chromium, server.allowed_origin, server.localhost_url)
    yield clients
    assert clients.close() == []


@pytest.fixture
def alice(clients, server, mails):
    """Steps 1 to 3: she has joined, and is signed in on the client's page."""
    name = f"alice{uuid.uuid4().hex[:8]}"
    email = f"{name}@example.com"
    page = clients.open()
    page.goto("/")
    registration = {"username": name, "password": "securePass123", "email": email, "full_name": "Alice Johnson"}

    assert call(page, server, "register", registration)[0] == 201
    assert call(page, server, "request-otp", {"email": email})[0] == 200
    verified = call(page, server, "verify-otp", {"email": email, "otp": code_for(email, mails, page)})
    assert verified == [200, {"status": "success", "message": "Login successful!"}]
    return page


@pytest.fixture
def channel_id(alice, server):
    """Steps 4 and 5."""
    status, workspace = call(alice, server, "workspaces", {"name": "My Team", "description": "Team workspace"})
    assert (status, workspace["status"]) == (201, "success")
    channel = {"workspace_id": workspace["workspace_id"], "name": "general", "is_private": False}
    status, channel = call(alice, server, "channels", channel)
    assert (status, channel["status"]) == (201, "success")
    return channel["channel_id"]


def call(page, server, name, body=None, method="POST"):
    return page.evaluate(CALL, [f"{server.localhost_url}/api/{name}/", method, body])


def chat(page, server, channel_id, body, query=""):
    address = server.localhost_url.replace("http", "ws")
    return page.evaluate(CHAT, [f"{address}/ws/chat/{query}", channel_id, body])


def cookies_of(page):
    return {cookie["name"]: cookie for cookie in page.context.cookies()}


@pytest.mark.parametrize("way", ["ticket", "cookie", "token"])
def test_a_team_is_made_and_talked_to(alice, channel_id, server, way):
    query = ""
    if way == "ticket":
        query = f"?ticket={call(alice, server, 'ws-ticket')[1]['ticket']}"
    elif way == "token":
        query = f"?token={cookies_of(alice)['access_token']['value']}"

    heard, code = chat(alice, server, channel_id, "Hello team!", query)

    said = heard[-1]["message"]
    assert [frame["type"] for frame in heard] == ["joined", "new_message"]
    assert (said["body"], said["seq"], code) == ("Hello team!", 1, 1000)
    status, listed = alice.evaluate(
        CALL, [f"{server.localhost_url}/api/messages/?channel_id={channel_id}", "GET", None]
    )
    assert (status, [message["id"] for message in listed["data"]]) == (200, [said["id"]])


def test_scripts_see_none_of_the_cookies(alice, server):
    assert {name: (one["httpOnly"], one["sameSite"], one["path"]) for name, one in cookies_of(alice).items()} == {
        "access_token": (True, "Lax", "/"),
        "refresh_token": (True, "Lax", "/api/"),
        "id_token": (True, "Lax", "/"),
    }
    assert alice.evaluate("document.cookie") == ""


def test_a_session_goes_on_when_its_access_cookie_has_run_out_until_it_is_ended(alice, clients, server):
    clients.expected.append("status of 401")
    alice.context.clear_cookies(name="access_token")

    renewed = call(alice, server, "me", method="GET")
    has_access = "access_token" in cookies_of(alice)
    out = call(alice, server, "logout")

    assert (renewed[0], has_access) == (200, True)
    assert out == [200, {"status": "success", "message": "Logged out"}]
    assert cookies_of(alice) == {}
    assert call(alice, server, "me", method="GET")[0] == 401


def test_a_foreign_page_reads_nothing_changes_nothing_and_hears_nothing(alice, channel_id, clients, server):
    clients.expected += ["blocked by CORS policy", "Failed to load resource", "net::ERR_FAILED", "status of 403"]
    with pages_elsewhere() as foreign:
        page = alice.context.new_page()
        page.goto(foreign)
        workspaces = f"{server.localhost_url}/api/workspaces/"

        reading = page.evaluate(f"({CALL})({[workspaces, 'GET']!r}).then(String, String)")
        writing = page.evaluate(f"({CALL})({[workspaces, 'POST', {'name': 'Mallory'}]!r}).then(String, String)")
        with page.expect_response(workspaces) as answered:
            blind = page.evaluate(BLIND_POST, [workspaces, '{"name": "Mallory"}'])
        heard, code = chat(page, server, channel_id, "Mallory was here")

    assert (reading, writing) == ("TypeError: Failed to fetch", "TypeError: Failed to fetch")
    # The cookie went along: without it the answer would have been 401.
    assert (blind, answered.value.status) == ("opaque", 403)
    assert (heard, code) == (
        [{"type": "error", "message": "Invalid or expired token.", "code": "token_invalid"}],
        4003,
    )
    status, listed = call(alice, server, "workspaces", method="GET")
    assert (status, [workspace["name"] for workspace in listed["data"]]) == (200, ["My Team"])
