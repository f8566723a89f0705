"""Fixtures every app's tests share. Makers return stored rows; clients speak HTTP to the whole server."""

import gc
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as under_test
from django.core.cache import cache
from django.db import connection
from django.test import Client, TransactionTestCase
from django.test.utils import CaptureQueriesContext
from huey.contrib.djhuey import HUEY
from huey.signals import SIGNAL_ERROR
from hypothesis import HealthCheck, settings

from accounts.events import EmailProved, OneTimePasswordIssued
from accounts.models import CustomerProfile, User, UserType
from accounts.services.sessions import OpenedSession, open_session
from core import limits
from core.events import with_it
from core.sessions import SessionPolicy

# However busy the machine is, no example is too slow.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
# What a state machine runs: a little of it, always the same; or `--hypothesis-profile=thorough`.
patient = settings.get_profile("patient")
settings.register_profile("quick", patient, max_examples=20, stateful_step_count=25, derandomize=True)
settings.register_profile("thorough", patient, max_examples=200, stateful_step_count=50)
settings.load_profile("quick")

# A database that holds what migrations put there, where tests run on SQLite: quicker to copy than to make.
MIGRATED = Path(under_test.DATA_DIR) / "migrated.sqlite3"
PASSWORD = "Correct-horse-7"
ISSUED: list[OneTimePasswordIssued] = []
with_it(OneTimePasswordIssued)(ISSUED.append)
PROVED: list[EmailProved] = []
with_it(EmailProved)(PROVED.append)
MakeUser = Callable[..., User]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """With `-n auto` more than processors: some tests wait for clocks and other processes. Each has a Redis database.
    What never waits is better run with `-n logical`.
    """
    return min(2 * (os.cpu_count() or 1), 8) if config.option.numprocesses == "auto" else None


def pytest_collection_finish() -> None:
    """Modules and collected tests stay to the end: the garbage collector need not look through them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """On SQLite a copy of the new database is kept. On PostgreSQL a server that a test has only just killed may still
    hold sessions that keep the test database from going.
    """
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            with closing(sqlite3.connect(MIGRATED)) as copy:
                connection.connection.backup(copy)
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="module")
def migrated_dir(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Path:
    """A data directory for servers and workers of their own: its database is SQLite's, migrated and otherwise empty."""
    directory = tmp_path_factory.mktemp("data")
    if MIGRATED.exists():
        shutil.copy(MIGRATED, directory / "db.sqlite3")
    else:
        environ = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DEBUG": "1", "DATA_DIR": str(directory)}
        command = (sys.executable, "manage.py", "migrate", "--verbosity", "0")
        subprocess.run(command, cwd=under_test.BASE_DIR, env=environ, check=True)
    return directory


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_between_tests() -> Iterator[None]:
    """By deleting rows, where tables refuse it too. PostgreSQL would truncate all of them, which takes it a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(connection.ops), "sql_flush", _flush)
        yield


@pytest.fixture(scope="session", autouse=True)
def _what_migrations_stored_is_there_for_every_test() -> Iterator[None]:
    """Also after one that emptied all tables: workers take tests from each other, in any order."""
    empty = TransactionTestCase._fixture_teardown

    def empty_and_restore(case: TransactionTestCase) -> None:
        empty(case)
        if stored := getattr(connection, "_test_serialized_contents", None):
            connection.creation.deserialize_db_from_string(stored)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_and_restore)
        yield


def _flush(operations: Any, style: Any, tables: Sequence[str], *, reset_sequences: bool = False, **_: Any) -> list[str]:
    assert not reset_sequences, "sequences go on"
    lifted, restored = _refusals(tables)
    return [*lifted, *(f"DELETE FROM {table}" for table in tables), *restored]


def _refusals(tables: Sequence[str]) -> tuple[list[str], list[str]]:
    """What keeps tables from refusing to lose rows, and what lets them again. Who still writes waits on PostgreSQL."""
    if connection.vendor == "sqlite":
        triggers = _rows("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")
        refusing = [(name, made) for table, name, made in triggers if _rows(f"SELECT 1 FROM {table} LIMIT 1")]
        return [f"DROP TRIGGER {name}" for name, _ in refusing], [made for _, made in refusing]
    triggers = _rows("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
    alter = [
        f"ALTER TABLE {table} {{}} TRIGGER USER" for (table,) in triggers if _rows(f"SELECT 1 FROM {table} LIMIT 1")
    ]
    disable, enable = ([each.format(word) for each in alter] for word in ("DISABLE", "ENABLE"))
    return [f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE", *disable], [
        "SET CONSTRAINTS ALL IMMEDIATE",
        *enable,
    ]


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def job_failures() -> Iterator[list[Exception]]:
    """What jobs raised. Huey only logs it; here it fails the test, unless the test expects it and clears the list."""
    failures: list[Exception] = []

    def note(signal: str, task: object, failure: Exception) -> None:
        failures.append(failure)

    HUEY.signal(SIGNAL_ERROR)(note)
    yield failures
    HUEY.disconnect_signal(note)
    assert failures == []


@pytest.fixture
def plan_of(db: None) -> Callable[..., str]:
    """How PostgreSQL goes about the first query of a reading, without some of its ways: `seqscan`, `sort`, …"""

    def plan_of(read: Callable[[], object], *, without: Sequence[str]) -> str:
        with CaptureQueriesContext(connection) as queries:
            read()
        for way in without:
            _rows(f"SELECT set_config('enable_{way}', 'off', true)")
        return " ".join(line for (line,) in _rows(f"EXPLAIN {queries[0]['sql']}"))

    return plan_of


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """A stored user of any type; customers get a profile."""

    def make(username: str = "ann", user_type: str = UserType.CUSTOMER, **fields: Any) -> User:
        is_superuser = user_type == UserType.SUPERUSER
        user = User.objects.create_user(
            username,
            f"{username}@example.com",
            PASSWORD,
            user_type_id=user_type,
            is_superuser=is_superuser,
            is_staff=is_superuser,
            **fields,
        )
        if user_type == UserType.CUSTOMER:
            CustomerProfile.objects.create(user=user, name=username.title())
        return user

    return make


@pytest.fixture
def issued_codes() -> list[OneTimePasswordIssued]:
    """The one-time passwords made since the test began, as whoever delivers them hears of them."""
    ISSUED.clear()
    return ISSUED


@pytest.fixture
def own_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else's requests count in the test's rate limits."""
    monkeypatch.setattr(limits, "_windows", limits.MemoryWindows())


@pytest.fixture
def proved_addresses() -> list[EmailProved]:
    """Whose addresses were proved since the test began."""
    PROVED.clear()
    return PROVED


@pytest.fixture
def customer(make_user: MakeUser) -> User:
    return make_user("ann")


@pytest.fixture
def stranger(make_user: MakeUser) -> User:
    """Another customer, with no part in what is being tested."""
    return make_user("stranger")


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user("olga", UserType.VENUE_OWNER)


@pytest.fixture
def superuser(make_user: MakeUser) -> User:
    return make_user("root", UserType.SUPERUSER)


def open_pub_session(user: User) -> OpenedSession:
    return open_session(user=user, policy=SessionPolicy(surface="pub"))


@pytest.fixture
def visitor(superuser: User) -> Client:
    """A superuser's browser, in the admin."""
    client = Client()
    client.force_login(superuser)
    return client


class ApiClient(Client):
    """Django's test client speaking JSON, as one user or nobody: in a session of its own, or in the one given."""

    def __init__(self, user: User | None = None, session: OpenedSession | None = None, **defaults: Any) -> None:
        super().__init__(raise_request_exception=False, **defaults)
        if user is not None and session is None:
            session = open_pub_session(user)
        self.tokens = session.tokens if session is not None else None
        if self.tokens is not None:
            self.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens.access}"

    def as_browser(self) -> "ApiClient":
        """The same session in a browser, which sends the tokens as cookies."""
        browser = ApiClient()
        if self.tokens is not None:
            browser.cookies["access_token"] = self.tokens.access
            browser.cookies["refresh_token"] = self.tokens.refresh
        return browser

    def send(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        """`body` as JSON; None sends no body at all."""
        data = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(self, method.lower())(path, **data, **extra)


@pytest.fixture
def as_user() -> Callable[[User | None], ApiClient]:
    """A client signed in as the given user; `as_user(None)` is nobody."""
    return ApiClient
