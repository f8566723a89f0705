"""Each fault once or twice and with little traffic; `make faults` does the same for long."""

import asyncio
import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from django.conf import settings
from django.db import connection

from tests.faults import kill_the_server, lossy_doorbell, restart_redis, roll_servers, stop_redis
from tests.faults.chatter import Chatter, Said, judge
from tests.faults.ground import Redis, own_directory, own_redis
from tests.faults.plant import plant
from tests.faults.report import missed
from tests.faults.stage import Stage
from tests.sockets.server import database_url

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

needs_both = pytest.mark.skipif(
    connection.vendor != "postgresql" or not settings.REDIS_URL or which("redis-server") is None,
    reason="needs PostgreSQL, Redis, and a redis-server to start",
)
needs_nginx = pytest.mark.skipif(not Path(roll_servers.NGINX).exists(), reason="needs nginx")


def counts(at_most: Mapping[str, float]) -> dict[str, float]:
    """Of the bounds, those that hold however busy a machine is; the others are for `make faults` on a quiet one."""
    return {name: most for name, most in at_most.items() if not name.endswith("_seconds")}


@pytest.fixture
def directory() -> Iterator[Path]:
    with own_directory() as made:
        yield made


@pytest.fixture
def redis(directory) -> Iterator[Redis]:
    with own_redis(directory) as server:
        yield server


def stage_at(directory: Path, people: int, redis_url: str = "") -> Stage:
    ours = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database_url(), "REDIS_URL": redis_url}
    return Stage(directory, {**os.environ, **ours}, plant(people))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="one server is for SQLite")
def test_nothing_is_lost_or_doubled_when_the_only_server_is_killed(directory):
    plan = replace(kill_the_server.QUICK, sends=120, kills=1)

    figures = asyncio.run(kill_the_server.play(stage_at(directory, plan.people), 1, plan, random.Random(1)))

    assert missed(figures, counts(kill_the_server.AT_MOST)) == []
    assert figures["sends"] == plan.sends
    assert figures["resumes"] == plan.people


@needs_both
def test_nothing_is_lost_or_doubled_when_one_of_two_servers_is_killed(directory, redis):
    plan = replace(kill_the_server.QUICK, sends=120, kills=1)

    figures = asyncio.run(kill_the_server.play(stage_at(directory, plan.people, redis.url), 2, plan, random.Random(1)))

    assert missed(figures, counts(kill_the_server.AT_MOST)) == []
    assert figures["sends"] == plan.sends


@needs_both
def test_nobody_notices_that_redis_is_restarted(directory, redis):
    plan = replace(restart_redis.QUICK, restarts=1)

    figures = asyncio.run(
        restart_redis.play(stage_at(directory, plan.people, redis.url), redis, plan, random.Random(1))
    )

    assert missed(figures, counts(restart_redis.AT_MOST)) == []


@needs_both
def test_messages_are_acknowledged_while_redis_is_stopped(directory, redis):
    plan = stop_redis.QUICK

    figures = asyncio.run(stop_redis.play(stage_at(directory, plan.people, redis.url), redis, plan))

    assert missed(figures, counts(stop_redis.AT_MOST)) == []
    assert figures["sent_while_stopped"] > 50


@needs_both
def test_everybody_hears_everything_once_over_a_layer_that_loses_delays_and_doubles(directory, redis):
    plan = lossy_doorbell.QUICK

    figures = asyncio.run(lossy_doorbell.play(stage_at(directory, plan.people, redis.url), plan, 1))

    assert missed(figures, counts(lossy_doorbell.AT_MOST)) == []
    assert figures["rings_dropped"] > 0
    assert figures["rings_late"] > 0
    assert figures["rings_doubled"] > 0


@needs_both
@needs_nginx
def test_a_server_goes_down_behind_nginx_without_a_request_or_a_message_lost(directory, redis):
    plan = replace(roll_servers.QUICK, rolls=1, people=4)

    figures = asyncio.run(roll_servers.play(stage_at(directory, plan.people, redis.url), plan))

    assert missed(figures, counts(roll_servers.AT_MOST)) == []
    assert figures["closes"] > 0


def test_what_is_lost_doubled_or_skipped_is_counted():
    """The judge of all of them, on one message each that was lost, stored twice, skipped and heard twice."""
    said = {
        "kept": Said("kept", 0, 0, acked_at=1, id=11, seq=1),
        "lost": Said("lost", 0, 0, acked_at=1, id=12, seq=2),
        "never": Said("never", 0, 0),
        "two": Said("two", 0, 0, acked_at=1, id=14, seq=4, contradicted=True),
    }
    chatter = Chatter("ann", [], "/", "", ids=[11, 13], said=said, repeats=1)

    found = judge([chatter], [(1, 11, "kept"), (3, 13, "two"), (4, 14, "two")])

    assert found == {"sends": 4, "lost": 2, "doubled": 3, "gaps": 3}
