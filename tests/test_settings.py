"""A setting that is missing, weak or malformed stops the server with one line that names it and keeps its value."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment
from config.startup import Misconfigured, OnlyServer

PROJECT = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "Zb1-session-key-for-tests-0123456789-abcdef",
    "JWT_SECRET_KEY": "Zb2-access-token-key-for-tests-0123456789-abc",
    "ALLOWED_HOSTS": "pub.example",
    "PUBLIC_URL": "https://pub.example",
}
LIMITS = {"signed_in": "10/minute", "anonymous": "5/minute"}


def boot(tmp_path, *command, **changes):
    """The outcome of starting a process with production's settings but for `changes`; None takes a setting away."""
    given = {**PRODUCTION, "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"], **changes}
    environ = {name: value for name, value in given.items() if value is not None}
    command = command or (sys.executable, "-c", "import config.asgi")
    return subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)


def test_sane_settings_boot(tmp_path):
    outcome = boot(tmp_path)

    assert outcome.returncode == 0, outcome.stderr


def test_what_is_loaded_at_the_start_is_not_looked_through_for_garbage(tmp_path):
    looked_through = "import gc, sys, config.asgi; print(len(gc.get_objects()), 'config.urls' in sys.modules)"

    outcome = boot(tmp_path, sys.executable, "-c", looked_through)

    objects, has_urls = outcome.stdout.split()
    assert int(objects) < 1000
    assert has_urls == "True"


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL"])
def test_outside_debug_nothing_boots_without(tmp_path, name):
    outcome = boot(tmp_path, **{name: None})

    assert outcome.returncode == 1
    assert outcome.stderr.startswith(f"Not started. {name} must be set")
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"JWT_SECRET_KEY": PRODUCTION["SECRET_KEY"]}, "JWT_SECRET_KEY"),
        ({"JWT_PREVIOUS_SECRET_KEYS": "weak-one"}, "JWT_PREVIOUS_SECRET_KEYS"),
        ({"METRICS_TOKEN": "weak-one"}, "METRICS_TOKEN"),
        ({"PORT": "abc"}, "PORT"),
        ({"DEBUG": "perhaps"}, "DEBUG"),
        ({"DATABASE_URL": "nonsense-canary"}, "DATABASE_URL"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path, changes, named):
    outcome = boot(tmp_path, **changes)

    assert outcome.returncode == 1
    assert named in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert not any(value in outcome.stderr for value in changes.values())


def test_commands_say_it_in_one_line_too(tmp_path):
    outcome = boot(tmp_path, sys.executable, "manage.py", "migrate", PORT="0")

    assert outcome.returncode == 1
    assert outcome.stderr.startswith('Not started. Environment variable "PORT" invalid')
    assert outcome.stderr.count("\n") == 1


def test_a_dotenv_file_is_read_and_the_environment_wins(tmp_path):
    (tmp_path / ".env").write_text("PORT=8123\nHOST=10.0.0.1\n")
    show = "from config import settings; print(settings.HOST, settings.PORT)"

    outcome = boot(tmp_path, sys.executable, "-c", show, ENV_FILE=str(tmp_path / ".env"), PORT="8999")

    assert outcome.stdout == "10.0.0.1 8999\n"


@pytest.mark.parametrize("value", ["", "*", "pub.example,*", " , "])
def test_any_host_is_refused_outside_debug(monkeypatch, value):
    monkeypatch.setenv("NAMES", value)

    with pytest.raises(Misconfigured, match=r"^NAMES "):
        environment.hosts("NAMES", debug=False, in_debug="localhost")


def test_hosts_may_stand_apart(monkeypatch):
    monkeypatch.setenv("NAMES", " pub.example, www.pub.example ,")

    assert environment.hosts("NAMES", debug=False, in_debug="") == ["pub.example", "www.pub.example"]


@pytest.mark.parametrize("value", ["x" * 64, "short-but-random-0", "abababababababababababababababababababab", ""])
def test_a_weak_secret_is_refused(monkeypatch, value):
    monkeypatch.setenv("KEY", value)

    with pytest.raises(Misconfigured, match=r"^KEY "):
        environment.secret("KEY", debug=False)


@pytest.mark.parametrize(
    "value", ["pub.example", "ftp://pub.example", "https://", "https://pub.example/api", "https://x:y", "*", "null"]
)
def test_an_address_that_is_no_origin_is_refused(value):
    with pytest.raises(Misconfigured, match=r"^ADDRESS "):
        environment.origin("ADDRESS", value)


@pytest.mark.parametrize("value", ["https://pub.example", "http://127.0.0.1:8000", "http://[::1]:8000/"])
def test_an_origin_is_kept_without_its_slash(value):
    assert environment.origin("ADDRESS", value) == value.rstrip("/")


@pytest.mark.parametrize(
    "value",
    ["nonsense", "mysql://a:canary@c/d", "postgres://", "postgres://u:canary@h:port/x", "postgres://u:canary@h"],
)
def test_a_malformed_database_is_refused_and_its_password_kept(monkeypatch, value):
    monkeypatch.setenv("DATABASE", value)

    with pytest.raises(Misconfigured, match=r"^DATABASE must look like") as refusal:
        environment.database("DATABASE", "sqlite:///x")

    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize(
    "value", ["nonsense", "signed_in=often", "unknown=5/minute", "signed_in=5/fortnight", "signed_in"]
)
def test_nonsense_limits_are_refused(monkeypatch, value):
    monkeypatch.setenv("RATES", value)

    with pytest.raises(Misconfigured, match=r"^RATES "):
        environment.rate_limits("RATES", LIMITS)


def test_limits_are_laid_over_the_defaults(monkeypatch):
    monkeypatch.setenv("RATES", "signed_in=7/second")

    assert environment.rate_limits("RATES", LIMITS) == {"signed_in": "7/second", "anonymous": "5/minute"}


@pytest.mark.parametrize("value", ["http://127.0.0.1", "127.0.0.1:6379"])
def test_a_redis_that_is_none_is_refused(monkeypatch, value):
    monkeypatch.setenv("REDIS", value)

    with pytest.raises(ImproperlyConfigured, match=r"^REDIS "):
        environment.redis_url("REDIS")


def test_a_data_directory_that_cannot_be_made_is_refused(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FOLDER", str(tmp_path / "file" / "below"))

    with pytest.raises(Misconfigured, match=r"^FOLDER: "):
        environment.directory("FOLDER", tmp_path)


def test_one_server_holds_a_data_directory(tmp_path):
    first, second = OnlyServer(tmp_path), OnlyServer(tmp_path)
    first.claim()

    with pytest.raises(Misconfigured, match="Several processes need REDIS_URL"):
        second.claim()

    first.release()
    second.claim()
    second.release()


def test_sqlite_writes_ahead_to_the_disk_and_locks_at_the_start(tmp_path):
    show = """
import django; django.setup()
from django.db import connection
with connection.cursor() as cursor:
    for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "recursive_triggers"):
        print(name, cursor.execute(f"PRAGMA {name}").fetchone()[0])
print(connection.transaction_mode)
"""

    outcome = boot(tmp_path, sys.executable, "-c", show, DJANGO_SETTINGS_MODULE="config.settings")

    assert outcome.stdout.splitlines() == [
        "journal_mode wal",
        "synchronous 2",
        "busy_timeout 30000",
        "foreign_keys 1",
        "recursive_triggers 1",
        "IMMEDIATE",
    ]


def test_every_setting_is_listed():
    """In README's table and in .env.example, and none there that is not read."""
    sources = "".join((PROJECT / "config" / name).read_text() for name in ("settings.py", "environment.py"))
    readers = r"(?:env\.\w+|whole_number|environment\.\w+|environ\.get)\(\s*"
    read = set(re.findall(readers + r'"([A-Z_]+)"', sources))
    table = (PROJECT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    in_table = {name for row in re.findall(r"^\| (`.*?`) \|", table, re.M) for name in re.findall(r"`([A-Z_]+)`", row)}
    example = set(re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.M))

    assert "METRICS_TOKEN" in read
    assert in_table == read
    assert example == read - {"ENV_FILE"} | {"POSTGRES_PASSWORD", "HTTP_PORT", "GRAFANA_PASSWORD", "GRAFANA_PORT"}
