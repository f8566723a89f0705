"""The one door, with two servers behind it or none."""

import secrets
import threading
import time
from collections import Counter

import pytest
from django.conf import settings
from django.db import connection

from tests.deploy.front import NGINX, ask, front_of
from tests.sockets.conftest import bearer, guests, venue  # noqa: F401
from tests.sockets.server import free_port, let_go, serving
from venues.models import Venue

pytestmark = pytest.mark.skipif(not NGINX, reason="nginx is not installed")

committed = pytest.mark.django_db(transaction=True, serialized_rollback=True)
two_servers = pytest.mark.skipif(
    not settings.REDIS_URL or connection.vendor == "sqlite", reason="two servers need PostgreSQL and Redis"
)
GROUP = "/ws/group/anchor/"
METRICS_TOKEN = "a-token-for-tests-0123456789-abcdefghijklmnop"
CANARY = "canary-7f3a"
SETTINGS = {
    "ALLOWED_HOSTS": "localhost",
    "TRUSTED_PROXIES": "1",
    "METRICS_TOKEN": METRICS_TOKEN,
    "RATE_LIMITS": "sign_in_address=3/minute",
}


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """nginx with nobody behind it."""
    with front_of(tmp_path_factory.mktemp("closed"), [free_port(), free_port()]) as front:
        yield front


@pytest.fixture(scope="module")
def lasting_servers(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), serving(**SETTINGS) as one, serving(**SETTINGS) as other:
        yield one, other


@pytest.fixture(scope="module")
def lasting_front(lasting_servers, tmp_path_factory):
    with front_of(tmp_path_factory.mktemp("front"), [server.port for server in lasting_servers]) as front:
        yield front


@pytest.fixture
def front(lasting_front, lasting_servers, transactional_db):
    yield lasting_front
    lasting_front.clients.close()
    let_go(*lasting_servers)


def count_of_sockets(server) -> float:
    """What the server itself says."""
    answer = ask(server.port, "GET", "/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    (line,) = [line for line in answer.body.decode().splitlines() if line.startswith("pubnetwork_sockets_open ")]
    return float(line.split()[1])


# With nobody behind it


@pytest.mark.parametrize("path", ["/icebreakers/", GROUP])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_with_no_server_it_says_so_as_they_would(closed, method, path):
    answer = closed.ask(method, path, {} if method == "POST" else None)

    assert (answer.status, answer.headers["Content-Type"]) == (503, "application/json")
    assert answer.json() == {"error": "This is not available at the moment.", "code": "unavailable"}
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "//metrics", "/./metrics", "/%6detrics", "/metrics%0a"])
def test_metrics_are_not_to_be_had_here(closed, path):
    answer = closed.ask("GET", path, headers={"Authorization": f"Bearer {METRICS_TOKEN}"})

    assert (answer.status, answer.json()) == (404, {"error": "Not found.", "code": "not_found"})


def test_a_flood_is_held_off(closed):
    """More at once than one address may ask, faster than that wears off."""
    answers: Counter[int] = Counter()

    def ask_many() -> None:
        for _ in range(700):
            answers[closed.ask("GET", "/icebreakers/").status] += 1

    askers = [threading.Thread(target=ask_many) for _ in range(4)]
    started = time.monotonic()
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    took = time.monotonic() - started

    assert set(answers) <= {503, 429}
    assert answers[503] <= 1001 + 200 * took + 10
    if took < 5:
        assert answers[429] > 0


def test_nothing_secret_is_written_down(closed):
    before = len(closed.lines())
    for path in (
        f"/v/{CANARY}",
        f"/invitations/{CANARY}/accept",
        f"/{CANARY}",
        f"/x?token={CANARY}",
        f"{GROUP}{CANARY}",
    ):
        closed.ask("GET", path, headers={"Authorization": CANARY, "Cookie": CANARY, "User-Agent": CANARY})

    assert CANARY not in closed.written()
    assert "127.0.0.1:" not in "".join(str({**line, "upstream": ""}) for line in closed.lines())
    paths = [line["path"] for line in closed.lines()[before:]]
    assert sorted(paths) == sorted(["/v", "/invitations", "/-", "/x", "/ws"])


# With two servers


@two_servers
@committed
def test_requests_reach_a_server_and_come_back_with_their_id(front, guests):  # noqa: F811
    answer = front.ask("GET", "/venues/", headers={**bearer(guests[0]), "X-Request-ID": "the-request-id"})

    assert (answer.status, answer.headers["X-Request-ID"]) == (200, "the-request-id")
    assert answer.json()[0]["name"] == "The Anchor"
    assert front.lines()[-1]["request_id"] == "the-request-id"


@two_servers
@committed
def test_too_large_a_body_is_refused_as_the_servers_do(front, lasting_servers):
    by_server = front.ask("POST", "/login/customer/", b"x" * (2 * 1024 * 1024), {"Content-Type": "application/json"})
    by_nginx = front.ask("POST", "/login/customer/", b"x" * (11 * 1024 * 1024), {"Content-Type": "application/json"})

    assert (by_server.status, by_nginx.status) == (413, 413)
    assert by_server.json() == by_nginx.json()
    assert "X-Request-ID" in by_server.headers
    assert "X-Request-ID" not in by_nginx.headers


@two_servers
@committed
def test_sockets_stand_on_both_servers_and_hear_each_other(front, lasting_servers, guests):  # noqa: F811
    one, other = (front.connect(GROUP, additional_headers=bearer(user)) for user in guests)
    other.send({"type": "resume", "since": 0})
    other.receive_type("resumed")

    one.send({"message": "Hello group!"})

    assert other.receive_type("message")["message"] == "Hello group!"
    assert [count_of_sockets(server) for server in lasting_servers] == [1, 1]


@two_servers
@committed
def test_a_client_cannot_choose_its_address(front, lasting_servers, venue):  # noqa: F811
    """Nine of one address, each claiming another. At a server itself, which takes a proxy's word, the claims count."""

    def try_to_sign_in(port: int) -> list[int]:
        statuses = []
        for number in range(9):
            body = {"username": f"nobody-{secrets.token_hex(4)}", "password": "wrong", "venue": venue.pk}
            claims = {"X-Forwarded-For": f"203.0.{secrets.randbelow(256)}.{number}", "X-Real-IP": "198.51.100.1"}
            statuses.append(ask(port, "POST", "/login/customer/", body, claims).status)
        return statuses

    through, straight = try_to_sign_in(front.port), try_to_sign_in(lasting_servers[0].port)

    assert through.count(429) >= 6
    assert 429 not in straight


@two_servers
@committed
def test_a_client_cannot_claim_to_have_come_by_tls(front, lasting_servers, guests, owner):  # noqa: F811
    """What the servers take for the scheme shows in the addresses they link to."""
    Venue.objects.create(name="The Second", owner=owner)
    asked = ("GET", "/venues/?limit=1", None, {**bearer(guests[0]), "X-Forwarded-Proto": "https"})

    through, straight = front.ask(*asked), ask(lasting_servers[0].port, *asked)

    assert through.headers["Link"].startswith("<http://")
    assert straight.headers["Link"].startswith("<https://")


@two_servers
@committed
def test_a_server_that_is_restarted_loses_no_request(front, lasting_servers, guests):  # noqa: F811
    """Reads and writes go on at both servers while one goes down and comes back."""
    headers = [bearer(user) for user in guests]
    answers: Counter[object] = Counter()
    ended = threading.Event()

    def ask_on(number: int) -> None:
        while not ended.is_set():
            try:
                if number % 2:
                    answer = front.ask("GET", "/private/list/", headers=headers[0])
                else:
                    answer = front.ask("POST", "/private/create/", {"username": "stranger"}, headers[0])
                answers[answer.status] += 1
            except OSError as trouble:
                answers[type(trouble).__name__] += 1
            time.sleep(0.01)

    askers = [threading.Thread(target=ask_on, args=(number,)) for number in range(4)]
    for asker in askers:
        asker.start()
    try:
        time.sleep(0.5)
        lasting_servers[0].restart()
        time.sleep(2.5)
    finally:
        ended.set()
        for asker in askers:
            asker.join()

    assert set(answers) <= {200, 201}
    assert answers.total() > 100
