import os
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from limits import parse
from redis import Redis

from conftest import ApiClient
from core import limits
from core.errors import TooMany
from core.limits import MemoryWindows, RedisWindows
from core.models import RateWindow

A_MINUTE = parse("60/minute")


@pytest.fixture
def limit(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "test": "3/minute"}
    return "test"


def passes(hit, name, key):
    try:
        hit(name, key)
    except TooMany:
        return False
    return True


@pytest.mark.django_db
@pytest.mark.parametrize("hit", [limits.hit, limits.hit_durably])
def test_n_a_minute_lets_exactly_n_through_each_minute(limit, own_windows, hit):
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        assert [passes(hit, limit, "ann") for _ in range(5)] == [True, True, True, False, False]
        assert passes(hit, limit, "bob")
        clock.shift(59)
        assert not passes(hit, limit, "ann")
        clock.shift(1)
        assert [passes(hit, limit, "ann") for _ in range(4)] == [True, True, True, False]


@pytest.mark.django_db
@pytest.mark.parametrize("hit", [limits.hit, limits.hit_durably])
def test_who_is_refused_is_told_how_long_to_wait(limit, own_windows, hit):
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        for _ in range(3):
            hit(limit, "ann")
        clock.shift(20.5)
        with pytest.raises(TooMany) as refusal:
            hit(limit, "ann")

    assert refusal.value.retry_after == 40


@pytest.mark.django_db
def test_a_durable_hit_is_one_query_and_names_nobody(limit, django_assert_num_queries):
    with django_assert_num_queries(1):
        limits.hit_durably(limit, "ann@example.com")

    assert "ann" not in str(RateWindow.objects.values().get())


@pytest.mark.django_db
def test_windows_nobody_is_counted_in_are_purged(limit):
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        limits.hit_durably(limit, "ann")
        assert limits.purge_windows() == 0
        clock.shift(3 * 24 * 3600)
        assert limits.purge_windows() == 1


def test_requests_are_counted_by_address_and_refused(api, settings, own_windows):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "anonymous": "2/minute"}

    answers = [api.get("/counters/", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}") for n in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert ApiClient(REMOTE_ADDR="10.0.0.9").get("/counters/").status_code == 200


def test_bad_tokens_are_counted_too(two_contracts, db, settings, own_windows):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "anonymous": "2/minute"}
    client = ApiClient(HTTP_AUTHORIZATION="Bearer guess")

    assert [client.get("/counters/visits/").status_code for _ in range(3)] == [401, 401, 429]


def test_users_are_counted_by_themselves(api, customer, stranger, settings, own_windows):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "signed_in": "2/minute"}
    ann, bob = ApiClient(customer), ApiClient(stranger)

    assert [ann.get("/counters/none/").status_code for _ in range(3)] == [404, 404, 429]
    assert bob.get("/counters/none/").status_code == 404


def count_passing(hit_once, threads=16, times=600):
    with ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(lambda _: hit_once(), range(times)))


def test_in_memory_exactly_sixty_of_six_hundred_pass_under_threads():
    windows = MemoryWindows()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        passed = count_passing(lambda: windows.seconds_to_wait(A_MINUTE, "test", "ann") == 0)
    finally:
        sys.setswitchinterval(before)

    assert passed == {True: 60, False: 540}


def test_windows_in_memory_that_are_over_are_swept_out():
    windows = MemoryWindows()
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        for number in range(10_000):
            windows.seconds_to_wait(A_MINUTE, "test", str(number))
        clock.shift(61)
        windows.seconds_to_wait(A_MINUTE, "test", "the straw")

    assert len(windows._windows) == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_in_the_database_exactly_sixty_of_two_hundred_pass_under_threads(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "test": "60/minute"}

    def hit_once():
        try:
            return passes(limits.hit_durably, "test", "ann")
        finally:
            connection.close()

    assert count_passing(hit_once, times=200) == {True: 60, False: 140}


@pytest.fixture
def redis_url():
    url = os.environ.get("REDIS_URL")
    if not url:
        pytest.skip("no Redis here")
    return url


@pytest.fixture
def silent_server():
    """A stopped Redis: its port accepts and nothing ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def test_with_a_redis_that_hangs_requests_wait_briefly_once_and_are_still_limited(silent_server, monkeypatch):
    monkeypatch.setattr(limits, "PATIENCE", 0.5)
    windows = RedisWindows(silent_server)

    started = time.monotonic()
    passed = [windows.seconds_to_wait(parse("3/minute"), "test", "ann") == 0 for _ in range(5)]

    assert passed == [True, True, True, False, False]
    assert time.monotonic() - started < 2


def test_with_a_redis_that_is_not_there_requests_are_still_limited():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    windows = RedisWindows(f"redis://127.0.0.1:{port}/0")

    passed = [windows.seconds_to_wait(parse("3/minute"), "test", "ann") == 0 for _ in range(5)]

    assert passed == [True, True, True, False, False]


def test_a_redis_that_is_back_is_asked_again(redis_url, monkeypatch):
    windows = RedisWindows("redis://127.0.0.1:1/0")
    key = f"back-{time.time()}"
    windows.seconds_to_wait(A_MINUTE, "test", key)
    windows._limiter = RedisWindows(redis_url)._limiter

    monkeypatch.setattr(limits.time, "monotonic", lambda: windows._away_until + 0.1)
    windows.seconds_to_wait(A_MINUTE, "test", key)

    assert windows._limiter.get_window_stats(A_MINUTE, "test", key).remaining == 59


HAMMER = """
import sys
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from django.test import Client

def ask(number):
    forwarded = f"6.6.{number % 250}.6, 10.9.9.9"
    return Client().get("/throwaway/form/", HTTP_X_FORWARDED_FOR=forwarded).status_code

with ThreadPoolExecutor(8) as pool:
    print(*pool.map(ask, range(150)))
"""
HAMMER_SETTINGS = """
from config.settings_test import *
RATE_LIMITS = {**RATE_LIMITS, "anonymous": "60/minute"}
TRUSTED_PROXIES = 1
ROOT_URLCONF = "core.tests.throwaway.urls"
CONTRACTS = "core.tests.throwaway.urls.CONTRACTS"
"""


def test_on_redis_four_processes_let_exactly_sixty_of_six_hundred_pass(redis_url, tmp_path):
    store = Redis.from_url(redis_url)
    for key in store.scan_iter("LIMITS*10.9.9.9*"):
        store.delete(key)
    store.close()
    (tmp_path / "hammer_settings.py").write_text(HAMMER_SETTINGS)
    environment = {
        **os.environ,
        # It is no worker: the Redis database is this worker's already.
        "PYTEST_XDIST_WORKER": "gw0",
        "DJANGO_SETTINGS_MODULE": "hammer_settings",
        "PYTHONPATH": f"{tmp_path}:{settings.BASE_DIR}",
    }

    def hammer(_):
        command = [sys.executable, "-c", HAMMER]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()

    with ThreadPoolExecutor(4) as pool:
        statuses = Counter(status for process in pool.map(hammer, range(4)) for status in process)

    assert statuses == {"200": 60, "429": 540}
