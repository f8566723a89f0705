"""The counters pushed to the admin's first page: who sees them, until when, and what it costs."""

import asyncio
import threading
from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session as BrowserSession
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.utils import timezone

from accounts.models import User, UserType
from accounts.services.sessions import end_all_sessions
from accounts.services.tickets import issue_ticket
from analytics.realtime import board as boards
from conftest import open_pub_session
from core.threads import in_database_thread
from tests.sockets.client import Socket, play
from tests.sockets.conftest import bearer
from venues.services.presence import check_in_by_scan

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

LIVE = "/ws/admin/live/"
NO_TOKEN = ([{"error": "Invalid or expired token.", "code": "token_invalid"}], 4003)
FORBIDDEN = ([{"error": "You do not have permission to perform this action.", "code": "forbidden"}], 4004)
ENDED = ([{"error": "This session has ended. Please sign in again.", "code": "session_ended"}], 4003)


def in_browser(user, origin="http://testserver"):
    client = Client()
    client.force_login(user)
    headers = {"Cookie": f"sessionid={client.cookies['sessionid'].value}", "Host": "testserver"}
    return {**headers, "Origin": origin} if origin else headers


async def until_closed(socket):
    frames, code = await socket.closed_with()
    return [frame for frame in frames if frame.get("type") != "counters"], code


def test_the_admins_own_session_opens_it_from_its_own_pages(superuser, guests):
    check_in_by_scan(user=guests[0], var_id="anchor")
    headers = in_browser(superuser)

    async def scene():
        return await (await Socket.open(LIVE, headers=headers)).receive()

    shown = play(scene)
    assert {key: value for key, value in shown.items() if key != "at"} == {
        "type": "counters",
        "customers_now": 2,
        "sign_ups_today": 2,
        "scans_today": 1,
        "messages_today": 0,
        "redemptions_today": 0,
        "mails_waiting": 0,
        "mails_failed": 0,
        "reports_open": 0,
    }


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null", None])
def test_another_pages_origin_does_not(superuser, origin):
    headers = in_browser(superuser, origin)

    async def scene():
        return await (await Socket.open(LIVE, headers=headers)).closed_with()

    assert play(scene) == NO_TOKEN


def test_a_superusers_token_or_ticket_does(superuser):
    session = open_pub_session(superuser)
    ticket = issue_ticket(session_id=session.session.pk, access_expires_at=timezone.now() + timedelta(hours=1))

    async def scene():
        by_token = await Socket.open(LIVE, headers={"Authorization": f"Bearer {session.tokens.access}"})
        by_ticket = await Socket.open(f"{LIVE}?ticket={ticket.ticket}")
        return [(await socket.receive())["type"] for socket in (by_token, by_ticket)]

    assert play(scene) == ["counters", "counters"]


@pytest.mark.parametrize("user_type", [UserType.CUSTOMER, UserType.VENUE_OWNER, UserType.SUPPORT])
def test_nobody_else_sees_them(make_user, user_type):
    user = make_user("someone", user_type)
    token, browser = bearer(user), in_browser(user)

    async def scene():
        return [await (await Socket.open(LIVE, headers=headers)).closed_with() for headers in (token, browser, {})]

    assert play(scene) == [FORBIDDEN, NO_TOKEN, NO_TOKEN]


def test_a_customers_cookie_in_the_same_browser_is_no_hindrance(superuser, customer):
    headers = in_browser(superuser)
    headers["Cookie"] += f"; access_token={open_pub_session(customer).tokens.access}"

    async def scene():
        return (await (await Socket.open(LIVE, headers=headers)).receive())["type"]

    assert play(scene) == "counters"


def log_out_of_the_admin(user):
    for row in BrowserSession.objects.all():
        if row.get_decoded()[SESSION_KEY] == str(user.pk):
            row.delete()


def change_password(user):
    user.set_password("Another-horse-8")
    user.save()


def demote(user):
    User.objects.filter(pk=user.pk).update(is_superuser=False, user_type=UserType.SUPPORT)


def deactivate(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("ends", [log_out_of_the_admin, change_password, demote, deactivate])
def test_it_closes_within_two_seconds_of_what_ends_a_session(superuser, ends):
    headers = in_browser(superuser)

    async def scene():
        socket = await Socket.open(LIVE, headers=headers)
        await socket.receive()
        await in_database_thread(ends, superuser)
        return await asyncio.wait_for(until_closed(socket), 2)

    assert play(scene) == ENDED


@pytest.mark.parametrize("ends", [end_all_sessions, demote])
def test_so_does_one_by_token(superuser, ends):
    headers = bearer(superuser)

    async def scene():
        socket = await Socket.open(LIVE, headers=headers)
        await socket.receive()
        await in_database_thread(ends, superuser)
        return await asyncio.wait_for(until_closed(socket), 2)

    assert play(scene) == ENDED


def test_it_takes_no_frames(superuser):
    headers = bearer(superuser)

    async def scene():
        socket = await Socket.open(LIVE, headers=headers)
        await socket.send_unread({"type": "message", "message": "Hi"})
        frames = [await socket.receive(), await socket.receive()]
        return {frame.get("code") for frame in frames}

    assert play(scene) == {None, "frame_type_unknown"}


@pytest.mark.parametrize("sockets", [1, 5])
def test_however_many_watch_the_database_is_asked_once(superuser, sockets, monkeypatch):
    headers = in_browser(superuser)
    asked = []
    really = CursorWrapper.execute
    monkeypatch.setattr(boards, "COUNT_EVERY", 0.05)
    monkeypatch.setattr(boards, "LOOK_EVERY", 0.05)

    def execute(self, statement, parameters=None):
        if "socket-database" in threading.current_thread().name and statement.startswith("SELECT"):
            asked.append(statement)
        return really(self, statement, parameters)

    async def scene():
        opened = [await Socket.open(LIVE, headers=headers) for _ in range(sockets)]
        for socket in opened:
            await socket.receive()
        monkeypatch.setattr(CursorWrapper, "execute", execute)
        for _ in range(6):
            for socket in opened:
                await socket.receive()

    play(scene)
    assert len(asked) <= 10 * 8
    assert len([statement for statement in asked if "chat_message" in statement]) <= 8


def test_nothing_is_asked_while_nobody_watches(superuser):
    headers = in_browser(superuser)

    async def scene():
        socket = await Socket.open(LIVE, headers=headers)
        await socket.receive()
        await socket.close()
        return boards.board()._somebody.is_set()

    assert play(scene) is False
