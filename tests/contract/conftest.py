"""The demo data as `make serve` has it on a development machine, and the people in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Session, User, UserType
from accounts.services.sessions import OpenedSession
from conftest import ApiClient, open_pub_session
from demo.management.commands.load_demo_data import load
from venues.models import Venue
from venues.services.presence import check_in_by_claim


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only to collect what is fuzzed takes seconds."""
    return True if collection_path.name == "test_schema_fuzz.py" and "not fuzz" in config.option.markexpr else None


def pytest_terminal_summary(terminalreporter) -> None:
    reports = terminalreporter.getreports("")
    if sent := sum(dict(report.user_properties).get("requests", 0) for report in reports):
        terminalreporter.write_line(f"{sent} requests sent")


@pytest.fixture(scope="package")
def loaded_demo_data(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Loaded once for all tests here; each of them starts from it anew."""
    with django_db_blocker.unblock(), transaction.atomic():
        load()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo_data(loaded_demo_data, db, settings) -> None:
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 6}}
    ]


@pytest.fixture(scope="package")
def sessions(loaded_demo_data, django_db_blocker) -> dict[str, OpenedSession]:
    """One of everybody whom tests send requests as, opened once. c1 is at venue 3."""
    with django_db_blocker.unblock():
        other_owner = User.objects.create_user(
            "owner2", "owner2@example.com", "abcd@123", user_type_id=UserType.VENUE_OWNER
        )
        Venue.objects.create(name="Elsewhere", owner=other_owner)
        users = User.objects.filter(username__in=["c1", "c2", "c3", "c5", "owner1", "owner2", "admin"])
        named = {user.username: user for user in users}
        check_in_by_claim(user=named["c1"], venue_id=3)
        return {username: open_pub_session(user) for username, user in named.items()}


@pytest.fixture
def people(demo_data, sessions) -> dict[str, ApiClient]:
    """A client for each kind of caller: of Pub Network c1, who is at venue 3; c2; owner1; an owner of another venue;
    of Pulseboard the owner of workspace 1, who is c1; its admin, its member; c5, who is not in it; and admin.
    """
    # However long ago they were opened: a session is marked as seen again after a while.
    Session.objects.update(last_seen_at=timezone.now())
    clients = {username: ApiClient(session=session) for username, session in sessions.items()}
    return {
        "nobody": ApiClient(),
        "customer": clients["c1"],
        "other customer": clients["c2"],
        "owner": clients["owner1"],
        "other owner": clients["owner2"],
        "workspace owner": clients["c1"],
        "workspace admin": clients["c3"],
        "member": clients["c2"],
        "outsider": clients["c5"],
        "superuser": clients["admin"],
    }


@pytest.fixture
def opened(people) -> dict[str, str]:
    """What the customer's own session adds to the examples."""
    body = {"username": "c1", "password": "abcd@123", "venue": 3}
    refresh = people["nobody"].send("POST", "/login/customer/", body).json()["refresh"]
    session = people["customer"].get("/customer-tokens/").json()["session"]["id"]
    return {"refresh": refresh, "session_id": session}
