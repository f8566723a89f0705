from collections.abc import Iterator

import pytest

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
