"""The mail outbox. A mail is a row first, in the transaction that causes it; a worker sends it after the commit.

A worker claims a row for a while, speaks SMTP outside any transaction, and marks the row as soon as the server says
yes. A worker that dies leaves a claim that runs out. One that dies after handing the mail over and before the mark
makes the mail go twice, as SMTP has no way to ask: both carry the same Message-ID, by which the provider and the
reader's mail program know them for one.
"""

import errno
import logging
import smtplib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone

from core.events import announce
from core.seal import keyed_hash, seal, unseal
from notifications.errors import MailBodyWiped
from notifications.events import MailQueued
from notifications.models import OutboxMail
from notifications.selectors.mails import mails_to_send

log = logging.getLogger(__name__)

PURPOSE = "mail"
LEASE = timedelta(seconds=settings.MAIL_LEASE_SECONDS)
FIRST_DELAY = timedelta(seconds=10)
MAXIMUM_ATTEMPTS = 8
KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Body:
    text: str
    html: str


@transaction.atomic
def queue_mail(
    *,
    recipient: str,
    subject: str,
    template: str,
    context: Mapping[str, object] | None = None,
    user_id: int | None = None,
    holds_secret: bool = False,
    expires_at: datetime | None = None,
) -> OutboxMail:
    """Have a mail sent once the caller's transaction is committed.

    `template` is a path without its ending (`notifications/mail/one_time_password`): `.txt` and `.html` are both
    rendered now, with `context`, `site_name` and `site_url`. The subject is stored readable: no secret belongs there.
    After `expires_at` it is not sent any more. Whatever else may change, `user_id` ties the mail to its reader's
    account and its deletion.
    """
    body = _render(template, context or {})
    mail = OutboxMail.objects.create(
        user_id=user_id,
        recipient=recipient,
        subject=" ".join(subject.split()),
        sealed_text=seal(body.text, purpose=PURPOSE),
        sealed_html=seal(body.html, purpose=PURPOSE),
        holds_secret=holds_secret,
        due_at=timezone.now(),
        expires_at=expires_at,
    )
    announce(MailQueued(mail_id=mail.pk, due_at=mail.due_at))
    return mail


def send_mail(mail_id: int) -> None:
    """Send the mail if it is due and nobody else is at it. However often it is called, one mail goes out.

    What the server refuses for now is tried again, later and later; what it refuses for good has failed.
    """
    mail = _claim(mail_id)
    body = _open(mail) if mail else None
    if mail is None or body is None:
        return
    connection = get_connection()
    try:
        connection.open()
        connection.send_messages([_message(mail, body, connection)])
    except OSError as trouble:
        _put_off(mail, trouble)
    else:
        _finish(mail, OutboxMail.Status.SENT)
    finally:
        # Only now: a goodbye before the mark would widen the moment in which a death sends the mail twice.
        with suppress(OSError):
            connection.close()


@transaction.atomic
def resend_mail(*, mail: OutboxMail) -> OutboxMail:
    """Send a mail once more, or one that waits at once.

    A mail that has left is sent as a new one, since the old Message-ID would have it dropped as a double.
    Raises MailBodyWiped.
    """
    now = timezone.now()
    if OutboxMail.objects.filter(pk=mail.pk, status=OutboxMail.Status.QUEUED).update(due_at=now):
        announce(MailQueued(mail_id=mail.pk, due_at=now))
        return mail
    if not mail.sealed_text:
        raise MailBodyWiped
    copy = OutboxMail.objects.create(
        user_id=mail.user_id,
        recipient=mail.recipient,
        subject=mail.subject,
        sealed_text=mail.sealed_text,
        sealed_html=mail.sealed_html,
        due_at=now,
    )
    announce(MailQueued(mail_id=copy.pk, due_at=now))
    return copy


def forget_mails_of(*, user_id: int) -> None:
    """The person is gone: so is what was or would have been written to them."""
    OutboxMail.objects.filter(user_id=user_id).delete()


def purge_mails() -> int:
    """Forget what was sent or failed more than 30 days ago. Returns how many."""
    old = OutboxMail.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    return old.exclude(status=OutboxMail.Status.QUEUED).delete()[0]


@transaction.atomic(durable=True)
def _claim(mail_id: int) -> OutboxMail | None:
    """Take the mail up, committed before anything is sent. `attempts` says later whether the claim is still ours."""
    now = timezone.now()
    waiting = mails_to_send(at=now).filter(pk=mail_id)
    if not waiting.update(claimed_until=now + LEASE, attempts=F("attempts") + 1):
        return None
    return OutboxMail.objects.get(pk=mail_id)


def _open(mail: OutboxMail) -> Body | None:
    """What to send; None, and the mail has failed, when it is too late or cannot be."""
    text, html = (unseal(sealed, purpose=PURPOSE) for sealed in (mail.sealed_text, mail.sealed_html))
    if mail.expires_at is not None and mail.expires_at <= timezone.now():
        error = "expired"
    elif mail.attempts > MAXIMUM_ATTEMPTS:
        error = mail.last_error or "its workers died"
    elif text is None or html is None:
        error = "sealed under another SECRET_KEY"
    else:
        return Body(text, html)
    _finish(mail, OutboxMail.Status.FAILED, error=error)
    return None


def _message(mail: OutboxMail, body: Body, connection: object) -> EmailMultiAlternatives:
    headers = {"Message-ID": message_id(mail.pk), "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(
        mail.subject, body.text, to=[mail.recipient], headers=headers, connection=connection
    )
    message.attach_alternative(body.html, "text/html")
    return message


def message_id(mail_id: int) -> str:
    """The same for every attempt at this mail, and no other installation's."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<mail-{mail_id}-{keyed_hash('mail.message-id', str(mail_id))[:16]}@{domain}>"


@transaction.atomic
def _put_off(mail: OutboxMail, trouble: OSError) -> None:
    """Try again later; or not, if it was refused for good, tried too often, or later is too late."""
    error = _describe(trouble)
    due_at = timezone.now() + FIRST_DELAY * 3 ** (mail.attempts - 1)
    log.warning("mail %s was not sent: %s (attempt %s)", mail.pk, error, mail.attempts)
    too_late = mail.expires_at is not None and due_at >= mail.expires_at
    if too_late or mail.attempts >= MAXIMUM_ATTEMPTS or _is_final(trouble):
        _finish(mail, OutboxMail.Status.FAILED, error=error)
        return
    ours = OutboxMail.objects.filter(pk=mail.pk, status=OutboxMail.Status.QUEUED, attempts=mail.attempts)
    if ours.update(due_at=due_at, claimed_until=None, last_error=error):
        announce(MailQueued(mail_id=mail.pk, due_at=due_at))


def _finish(mail: OutboxMail, status: OutboxMail.Status, *, error: str = "") -> None:
    """Close the row. A mail that went out is sent, whoever holds the claim by now; a failure counts only for ours."""
    row = OutboxMail.objects.filter(pk=mail.pk, status=OutboxMail.Status.QUEUED)
    if status == OutboxMail.Status.FAILED:
        row = row.filter(attempts=mail.attempts)
    wiped = {"sealed_text": "", "sealed_html": ""} if mail.holds_secret else {}
    sent_at = timezone.now() if status == OutboxMail.Status.SENT else None
    row.update(status=status, claimed_until=None, sent_at=sent_at, last_error=error, **wiped)


def _is_final(trouble: OSError) -> bool:
    """The server will never take this mail: 5xx for every recipient, or for the mail itself."""
    if isinstance(trouble, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in trouble.recipients.values())
    return isinstance(trouble, smtplib.SMTPDataError) and trouble.smtp_code >= 500


def _describe(trouble: OSError) -> str:
    """The kind of trouble and its code. A server's own words may quote the address, so they are not kept."""
    codes: Sequence[object] = ()
    if isinstance(trouble, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _ in trouble.recipients.values()})
    elif isinstance(trouble, smtplib.SMTPResponseException):
        codes = [trouble.smtp_code]
    elif trouble.errno is not None:
        codes = [errno.errorcode.get(trouble.errno, trouble.errno)]
    return " ".join([type(trouble).__name__, *(str(code) for code in codes)])


def _render(template: str, context: Mapping[str, object]) -> Body:
    whole = {"site_name": "Pub Network", "site_url": settings.PUBLIC_URL, **context}
    return Body(text=render_to_string(f"{template}.txt", whole), html=render_to_string(f"{template}.html", whole))
