"""The counters pushed to the owners' dashboard: who sees whose, until when, and what it costs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User, UserType
from accounts.services.sessions import end_all_sessions
from analytics.counters import Own, counters_of
from analytics.realtime import board as boards
from core.threads import in_database_thread
from tests.sockets.client import Socket, play
from tests.sockets.conftest import bearer
from tests.sockets.test_live_counters import (
    ENDED,
    FORBIDDEN,
    NO_TOKEN,
    change_password,
    deactivate,
    in_browser,
    log_out_of_the_admin,
    until_closed,
)
from venues.models import Venue
from venues.services.presence import check_in_by_scan

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

LIVE = "/ws/dashboard/live/"
NOT_FOUND = ([{"error": "Not found.", "code": "not_found"}], 4004)
NOTHING = {"customers_now": 0, "offers_open": 0, "scans_today": 0, "messages_today": 0, "redemptions_today": 0}


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(boards, "COUNT_EVERY", 0.05)
    monkeypatch.setattr(boards, "LOOK_EVERY", 0.05)


def figures(frame):
    assert frame["type"] == "counters"
    return {name: frame[name] for name in NOTHING}


def test_owners_sessions_show_each_their_own_venues_or_one_of_them(venue, guests, make_user):
    rival = make_user("rival", UserType.VENUE_OWNER)
    theirs = Venue.objects.create(name="Theirs", owner=rival)
    other = Venue.objects.create(name="Other", owner=venue.owner)
    check_in_by_scan(user=guests[0], var_id="anchor")
    looks = [
        (in_browser(venue.owner), LIVE),
        (in_browser(venue.owner), f"{LIVE}?venue={venue.pk}"),
        (in_browser(venue.owner), f"{LIVE}?venue={other.pk}"),
        (in_browser(rival), LIVE),
        (in_browser(rival), f"{LIVE}?venue={theirs.pk}"),
    ]

    async def scene():
        sockets = [await Socket.open(path, headers=headers) for headers, path in looks]
        return [figures(await socket.receive()) for socket in sockets]

    seen = NOTHING | {"customers_now": 2, "scans_today": 1}
    assert play(scene) == [seen, seen, NOTHING, NOTHING, NOTHING]


@pytest.mark.parametrize("asked", ["theirs", "0", "-1", "x", "1.5", "9" * 30, "99999"])
def test_another_owners_venue_is_not_there(venue, make_user, asked):
    theirs = Venue.objects.create(name="Theirs", owner=make_user("rival", UserType.VENUE_OWNER))
    headers = in_browser(venue.owner)

    async def scene():
        path = f"{LIVE}?venue={theirs.pk if asked == 'theirs' else asked}"
        return await (await Socket.open(path, headers=headers)).closed_with()

    assert play(scene) == NOT_FOUND


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null", None])
def test_another_pages_origin_does_not_open_it(owner, origin):
    headers = in_browser(owner, origin)

    async def scene():
        return await (await Socket.open(LIVE, headers=headers)).closed_with()

    assert play(scene) == NO_TOKEN


@pytest.mark.parametrize("user_type", [UserType.CUSTOMER, UserType.SUPPORT, UserType.SUPERUSER])
def test_nobody_else_sees_any(make_user, user_type):
    user = make_user("someone", user_type)
    token, browser = bearer(user), in_browser(user)

    async def scene():
        return [await (await Socket.open(LIVE, headers=headers)).closed_with() for headers in (token, browser, {})]

    assert play(scene) == [FORBIDDEN, NO_TOKEN, NO_TOKEN]


def test_an_owner_and_a_superuser_each_see_their_own(venue, superuser, guests):
    headers = {LIVE: bearer(venue.owner), "/ws/admin/live/": bearer(superuser)}

    async def scene():
        sockets = [await Socket.open(path, headers=those) for path, those in headers.items()]
        return [await socket.receive() for socket in sockets]

    own, platforms = play(scene)
    assert set(own) == {"type", "at", *NOTHING}
    assert "sign_ups_today" in platforms


def change_type(user):
    User.objects.filter(pk=user.pk).update(user_type=UserType.CUSTOMER)


def closed_when(ends, user, headers):
    async def scene():
        socket = await Socket.open(LIVE, headers=headers)
        await socket.receive()
        await in_database_thread(ends, user)
        return await until_closed(socket)

    return play(scene)


@pytest.mark.parametrize("ends", [log_out_of_the_admin, change_password, change_type, deactivate])
def test_it_closes_with_the_session_that_opened_it(owner, ends):
    assert closed_when(ends, owner, headers=in_browser(owner)) == ENDED


@pytest.mark.parametrize("ends", [end_all_sessions, change_type])
def test_so_does_one_by_token(owner, ends):
    assert closed_when(ends, owner, headers=bearer(owner)) == ENDED


def test_it_closes_when_the_venue_is_somebody_elses(venue, make_user):
    headers, rival = in_browser(venue.owner), make_user("rival", UserType.VENUE_OWNER)

    async def scene():
        socket = await Socket.open(f"{LIVE}?venue={venue.pk}", headers=headers)
        await socket.receive()
        await in_database_thread(lambda: Venue.objects.update(owner=rival))
        return await until_closed(socket)

    assert play(scene) == NOT_FOUND


def test_however_many_owners_watch_the_database_is_asked_once(make_user):
    views = []
    for number in range(3):
        owner = make_user(f"owner{number}", UserType.VENUE_OWNER)
        venues = [Venue.objects.create(name=name, owner=owner) for name in "AB"]
        views += [Own(owner.pk), Own(owner.pk, venues[0].pk)]

    def count(some):
        with CaptureQueriesContext(connection) as queries:
            assert set(counters_of(some, timezone.now())) == set(some)
        return len(queries)

    assert [count(views[:1]), count(views)] == [5, 5]


def test_nothing_is_asked_while_nobody_watches(owner):
    headers = in_browser(owner)

    async def scene():
        socket = await Socket.open(LIVE, headers=headers)
        await socket.receive()
        await socket.close()
        return boards.board()._somebody.is_set()

    assert play(scene) is False
