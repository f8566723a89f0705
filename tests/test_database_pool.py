"""The pool of connections, as config/settings.py sets it up."""

import time

import pytest
from django.conf import settings
from django.db import connection
from psycopg import OperationalError
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from chat.realtime.writer import RETRY_EVERY

AWAY = 4.0

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no pool"),
]


def test_a_database_that_was_away_is_found_again_within_a_moment():
    """Left to itself the pool asks ever more seldom, and would then wait for as long again as it has waited."""
    at = connection.settings_dict
    there = make_conninfo(host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=at["USER"], password=at["PASSWORD"])
    back_at = time.monotonic() + AWAY

    with ConnectionPool(lambda: there if time.monotonic() > back_at else "host=127.0.0.1 port=1", **_options()) as pool:
        while not _answers(pool):
            time.sleep(RETRY_EVERY)

    assert time.monotonic() - back_at < 2.5


def _options():
    return settings.DATABASES["default"]["OPTIONS"]["pool"]


def _answers(pool):
    try:
        with pool.connection() as taken:
            taken.execute("SELECT 1")
    except OperationalError:
        return False
    return True
