"""Whose page a browser's cookie opens a socket for; what a page puts into the handshake itself is good from any."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from accounts.services.tickets import issue_ticket
from config.contracts.pulseboard import PULSEBOARD
from conftest import open_pub_session
from core.threads import in_database_thread
from tests.sockets.client import Socket, play

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

WAYS = ("header", "subprotocol", "ticket", "query", "cookie")
OWN = "http://testserver"
ALLOWED = "http://localhost:3000"
FOREIGN = ("https://evil.example", "https://testserver", f"{OWN}:8080", f"{OWN}.evil.example", "null", "", None)
REFUSED = ("token_invalid", 4003)
IS_OPEN = ("frame_type_unknown", None)


async def answer_to(path, way, origin, session):
    """What a socket says to a frame of no type: its error code, and what it was closed with."""
    token, query, headers = session.tokens.access, "", {"Host": "testserver"}
    if way == "header":
        headers["Authorization"] = f"Bearer {token}"
    elif way == "cookie":
        headers["Cookie"] = f"access_token={token}"
    elif way == "query":
        query = f"?token={token}"
    elif way == "ticket":
        later = timezone.now() + timedelta(hours=1)
        issued = await in_database_thread(lambda: issue_ticket(session_id=session.session.pk, access_expires_at=later))
        query = f"?ticket={issued.ticket}"
    if origin is not None:
        headers["Origin"] = origin
    subprotocols = ["bearer", token] if way == "subprotocol" else []
    socket = await Socket.open(path + query, headers=headers, subprotocols=subprotocols)
    await socket.send_unread({"type": "nonsense"})
    error = await socket.receive_type("error")
    if error["code"] == IS_OPEN[0]:
        await socket.close()
    else:
        await socket.closed_with()
    return error["code"], socket.code


@pytest.mark.parametrize("path", [f"/{socket.path}" for socket in PULSEBOARD.sockets])
def test_a_cookie_is_good_for_our_own_pages_and_allowed_ones_only(customer, path):
    session = open_pub_session(customer)
    tried = list(product(WAYS, (OWN, ALLOWED, *FOREIGN)))

    async def scene():
        return [await answer_to(path, way, origin, session) for way, origin in tried]

    assert dict(zip(tried, play(scene), strict=True)) == {
        (way, origin): REFUSED if way == "cookie" and origin in FOREIGN else IS_OPEN for way, origin in tried
    }


@pytest.mark.parametrize(
    ("forwarded", "trusted", "is_own"),
    [("https", True, True), ("http", True, False), ("https", False, False), (None, True, False)],
)
def test_behind_a_trusted_proxy_our_own_pages_are_those_the_proxy_serves(
    settings, customer, forwarded, trusted, is_own
):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if trusted else None
    cookie = f"access_token={open_pub_session(customer).tokens.access}"
    headers = {"Host": "pub.example", "Origin": "https://pub.example", "Cookie": cookie}
    if forwarded:
        headers["X-Forwarded-Proto"] = forwarded

    async def scene():
        socket = await Socket.open("/ws/notifications/", headers=headers)
        await socket.send_unread({"type": "nonsense"})
        return (await socket.receive_type("error"))["code"]

    assert play(scene) == (IS_OPEN if is_own else REFUSED)[0]
