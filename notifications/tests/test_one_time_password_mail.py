"""The code's way from the request to the mailbox, and nowhere else."""

import logging
import re

import pytest
from django.core import mail as mailbox
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from accounts.events import AccountAnonymised
from accounts.services.one_time_passwords import Asker, request_one_time_password
from core.events import announce
from notifications.models import OutboxMail
from notifications.services.mails import resend_mail

pytestmark = pytest.mark.django_db


class RefusingBackend(BaseEmailBackend):
    """A mail server that hangs up, quoting the address."""

    def send_messages(self, email_messages) -> int:
        raise ConnectionResetError(f"no mail for {email_messages[0].to}")


def ask(email: str, commit) -> None:
    with commit(execute=True):
        request_one_time_password(surface="pub", asker=Asker(email))


def stored_text() -> str:
    """Everything the database holds, as one text."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows.extend(cursor.fetchall())
    return "\n".join(str(row) for row in rows)


def test_code_is_mailed_to_the_customer(customer, django_capture_on_commit_callbacks):
    ask(customer.email, django_capture_on_commit_callbacks)

    [sent] = mailbox.outbox
    assert (sent.to, sent.subject) == ([customer.email], "Your Pub Network sign-in code")
    assert re.search(r"^    \d{6}\n\nIt works once, for the next 5 minutes\.$", sent.body, re.MULTILINE)


def test_unknown_address_gets_no_mail(db, django_capture_on_commit_callbacks):
    ask("nobody@example.com", django_capture_on_commit_callbacks)

    assert mailbox.outbox == []
    assert not OutboxMail.objects.exists()


def test_neither_code_nor_address_is_logged_and_the_code_is_stored_nowhere(
    customer, caplog, settings, django_capture_on_commit_callbacks
):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="huey")
    settings.EMAIL_BACKEND = "notifications.tests.test_one_time_password_mail.RefusingBackend"

    ask(customer.email, django_capture_on_commit_callbacks)
    waiting = stored_text()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with django_capture_on_commit_callbacks(execute=True):
        resend_mail(mail=OutboxMail.objects.get())
    [code] = re.findall(r"\b\d{6}\b", mailbox.outbox[0].body)
    lines = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith("django.db.backends")
    )

    assert "was not sent: ConnectionResetError" in lines
    assert code not in lines
    assert customer.email not in lines
    assert code not in waiting
    assert code not in stored_text()


def test_waiting_mail_goes_with_the_account(customer, django_capture_on_commit_callbacks):
    ask(customer.email, django_capture_on_commit_callbacks)

    announce(AccountAnonymised(user_id=customer.pk, by_id=customer.pk))

    assert not OutboxMail.objects.exists()
