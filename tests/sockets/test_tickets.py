"""Single-use tickets: asking for one, and opening a socket with it."""

import logging
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.errors import TicketInvalid
from accounts.models import SocketTicket
from accounts.services.sessions import end_all_sessions
from accounts.services.tickets import issue_ticket, purge_tickets, redeem_ticket
from chat.models import Message
from conftest import ApiClient, open_pub_session
from core.threads import in_database_thread
from tests.sockets.client import Socket, play
from tests.sockets.conftest import token_of

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

GROUP = "/ws/group/anchor/"
REFUSED = ([{"error": "Invalid or expired ticket.", "code": "ticket_invalid"}], 4003)


def ticket_of(user, **later):
    session = open_pub_session(user).session
    return issue_ticket(
        session_id=session.pk, access_expires_at=timezone.now() + (timedelta(**later) if later else timedelta(hours=1))
    ).ticket


async def opened_with(ticket, **options):
    return await Socket.open(f"{GROUP}?ticket={ticket}", **options)


def test_asking_gives_a_ticket_that_opens_one_socket(guests):
    answer = ApiClient(guests[0]).send("post", "/ws-ticket/", {})
    ticket = answer.json()["ticket"]

    async def scene():
        first = await opened_with(ticket)
        await first.send({"message": "Hi"})
        said = await first.receive_type("message")
        return said["sender"], await (await opened_with(ticket)).closed_with()

    assert answer.status_code == 201
    assert answer.json() == {"ticket": ticket, "expires_in": 30}
    assert len(ticket) >= 43
    assert play(scene) == ("ann", REFUSED)
    assert not SocketTicket.objects.exists()


def test_nobody_is_given_one_without_being_signed_in(db):
    answer = ApiClient().send("post", "/ws-ticket/", {})

    assert answer.status_code == 401
    assert not SocketTicket.objects.exists()


def test_the_ticket_itself_is_stored_nowhere(guests):
    ticket = ticket_of(guests[0])

    assert ticket not in str(SocketTicket.objects.values_list().get())


def test_a_ticket_nobody_gave_out_is_refused(guests):
    tickets = ["", "nonsense", "%00", "x" * 5000, "%F0%9F%8D%BB"]

    async def scene():
        return [await (await opened_with(ticket)).closed_with() for ticket in tickets]

    assert play(scene) == [REFUSED] * len(tickets)


def test_one_that_is_too_old_is_refused(guests):
    with time_machine.travel(timezone.now() - timedelta(seconds=31)):
        ticket = ticket_of(guests[0])

    async def scene():
        return await (await opened_with(ticket)).closed_with()

    assert play(scene) == REFUSED


def test_one_of_a_session_that_has_ended_is_refused(guests):
    ticket = ticket_of(guests[0])
    end_all_sessions(guests[0])

    async def scene():
        return await (await opened_with(ticket)).closed_with()

    assert play(scene) == REFUSED


def test_the_socket_ends_with_its_session_and_with_the_token_that_asked(guests):
    lasting, short = ticket_of(guests[0]), ticket_of(guests[1], seconds=1)

    async def scene():
        first, second = await opened_with(lasting), await opened_with(short)
        ran_out = (await second.closed_with())[1]
        await in_database_thread(end_all_sessions, guests[0])
        return ran_out, (await first.closed_with())[1]

    assert play(scene) == (4003, 4003)


def test_a_ticket_goes_before_a_token_in_the_query_and_after_a_header(guests):
    ann, ben = ticket_of(guests[0]), ticket_of(guests[0])
    theirs = token_of(guests[1])

    async def scene():
        by_ticket = await Socket.open(f"{GROUP}?token={theirs}&ticket={ann}")
        by_header = await opened_with(ben, headers={"Authorization": f"Bearer {theirs}"})
        await by_ticket.send({"message": "1"})
        await by_ticket.receive_type("message")
        await by_header.send({"message": "2"})
        await by_header.receive_type("message")

    play(scene)
    assert list(Message.objects.order_by("seq").values_list("sender__username", flat=True)) == ["ann", "stranger"]
    assert SocketTicket.objects.count() == 1


def test_of_many_who_come_with_it_at_once_one_is_let_in(guests):
    ticket = ticket_of(guests[0])
    barrier, let_in = Barrier(8), []

    def come():
        barrier.wait()
        try:
            let_in.append(redeem_ticket(ticket))
        except TicketInvalid:
            pass
        finally:
            connection.close()

    threads = [Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(let_in) == 1


def test_those_nobody_used_are_forgotten(guests):
    ticket_of(guests[0])
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        kept = ticket_of(guests[1])
        purged = purge_tickets()

        assert purged == 1
        assert redeem_ticket(kept).session.user == guests[1]


def test_neither_ticket_nor_token_is_logged(guests, caplog):
    ticket, token = ticket_of(guests[0]), token_of(guests[0])

    async def scene():
        for query in (f"ticket={ticket}", f"ticket={ticket}", f"token={token}", f"token={token}x"):
            socket = await Socket.open(f"{GROUP}?{query}")
            await socket.send({"type": "typing"})
            await socket.is_silent(0.05)

    with caplog.at_level(logging.DEBUG):
        play(scene)

    assert ticket not in caplog.text
    assert token not in caplog.text
