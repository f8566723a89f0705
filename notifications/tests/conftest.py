from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from notifications import kinds
from notifications.kinds import Kind, register_kind
from notifications.models import Notification
from notifications.services import NewNotification, notify
from tests.smtp_sink import SmtpSink, smtp_sink


@pytest.fixture
def sink(settings) -> Iterator[SmtpSink]:
    """A real mail server that this test's mail goes to."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = "127.0.0.1", False, 5
    with smtp_sink() as running:
        settings.EMAIL_PORT = running.port
        yield running


@pytest.fixture
def mails_are_jobs(django_capture_on_commit_callbacks):
    """Commit what the block wrote: its jobs run at the end of it."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def two_kinds(monkeypatch) -> None:
    """Mentions, told of in both ways; and digests, by mail only unless somebody wants them in the app."""
    monkeypatch.setattr(kinds, "_kinds", {})
    register_kind(Kind("mention", "Mentions"))
    register_kind(Kind("digest", "Digests", in_app=False))


@pytest.fixture
def bob(make_user) -> User:
    return make_user("bob", first_name="Bob")


def mention(recipient: User, actor: User | None = None, **fields: Any) -> NewNotification:
    told = {"kind": "mention", "message": "mentioned you in #general", "dedupe_key": "mention:5", **fields}
    return NewNotification(recipient_id=recipient.pk, actor_id=actor.pk if actor else None, **told)


def mentions(recipient: User, actor: User | None = None, *, count: int, **fields: Any) -> list[Notification]:
    """So many, the first first."""
    return [notify([mention(recipient, actor, dedupe_key=f"mention:{n}", **fields)])[0] for n in range(count)]
