"""What a scanned code opens, before anybody has signed in."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import SocketLease

pytestmark = pytest.mark.django_db

BROWSER = {"Accept": "text/html,*/*;q=0.8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://testserver; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def lease(conversation, user, *, seconds=60):
    expires_at = timezone.now() + timedelta(seconds=seconds)
    SocketLease.objects.create(conversation=conversation, user=user, node=uuid.uuid4(), expires_at=expires_at)


def test_code_opens_a_page_that_greets_and_runs_only_our_own_code(as_user, venue, var_id):
    venue.name = "<i>Luna</i>"
    venue.save()

    page = as_user(None).get("/v/v1", headers=BROWSER)

    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (page.headers["Content-Security-Policy"], page.headers["Cache-Control"]) == (POLICY, "no-store")
    assert "<h1>&lt;i&gt;Luna&lt;/i&gt;</h1>" in page.content.decode()
    assert f'data-var-id="v1" data-venue-id="{venue.pk}"' in page.content.decode()
    assert " style=" not in page.content.decode()
    assert "onclick" not in page.content.decode()


def test_page_served_over_tls_may_open_sockets_over_tls_only(as_user, var_id):
    page = as_user(None).get("/v/v1", headers=BROWSER, secure=True)

    assert "connect-src 'self' wss://testserver;" in page.headers["Content-Security-Policy"]


def test_code_leads_a_program_to_the_venue_and_says_how_many_chat_there(
    as_user, venue, var_id, group, private_chat, customer, friend, stranger
):
    lease(group, customer)
    lease(group, customer)
    lease(group, friend)
    lease(group, stranger, seconds=-1)
    lease(private_chat, stranger)

    response = as_user(None).get("/v/v1/")

    expected = {"var_id": "v1", "venue": {"id": venue.pk, "name": "The Anchor"}, "online": 2}
    assert (response.status_code, response.json()) == (200, expected)


@pytest.mark.parametrize("people", [1, 3])
def test_welcome_takes_as_many_queries_however_many_are_there(
    as_user, var_id, group, make_user, people, django_assert_num_queries
):
    for number in range(people):
        lease(group, make_user(f"guest{number}"))
    client = as_user(None)

    with django_assert_num_queries(2):
        assert client.get("/v/v1/").json()["online"] == people


@pytest.mark.parametrize("unknown", ["v9", "x" * 500, "%ff", "<script>"])
def test_code_that_is_not_current_says_so_and_nothing_of_any_venue(as_user, var_id, unknown):
    program = as_user(None).get(f"/v/{unknown}/")
    phone = as_user(None).get(f"/v/{unknown}/", headers=BROWSER)

    assert (program.status_code, program.json()["code"]) == (400, "var_id_invalid")
    assert (phone.status_code, phone.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert b"This code has ended" in phone.content
    assert b"Anchor" not in phone.content


def test_code_of_a_venue_that_does_not_serve_is_not_current(as_user, venue, var_id):
    venue.status = "suspended"
    venue.save()

    assert as_user(None).get("/v/v1/").status_code == 400


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_welcome_is_only_to_be_read(as_user, var_id, method):
    assert as_user(None).send(method, "/v/v1/").status_code == 405


@pytest.mark.parametrize("who", ["customer", "owner", "superuser"])
def test_welcome_is_the_same_for_everybody(request, as_user, var_id, who):
    nobody = as_user(None).get("/v/v1/").json()

    assert as_user(request.getfixturevalue(who)).get("/v/v1/").json() == nobody
