import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from core.seal import seal
from notifications import tasks
from notifications.errors import MailBodyWiped
from notifications.models import OutboxMail
from notifications.services.mails import (
    LEASE,
    MAXIMUM_ATTEMPTS,
    forget_mails_of,
    message_id,
    purge_mails,
    queue_mail,
    resend_mail,
    send_mail,
)

pytestmark = pytest.mark.django_db


def queue(recipient="ann@example.com", **options) -> OutboxMail:
    options = {"context": {"code": "123456", "valid_minutes": 5}} | options
    return queue_mail(recipient=recipient, subject="A code", template="notifications/mail/one_time_password", **options)


def state(mail) -> dict:
    mail.refresh_from_db()
    return {"status": mail.status, "attempts": mail.attempts, "last_error": mail.last_error}


def test_queued_mail_leaves_after_the_commit_with_text_and_html(sink, mails_are_jobs):
    with mails_are_jobs():
        mail = queue()
        assert sink.mails == []

    [sent] = sink.mails
    assert (sent["To"], sent["Subject"], sent["Message-ID"]) == ("ann@example.com", "A code", message_id(mail.pk))
    assert "    123456\r\n" in sent.get_body(("plain",)).get_content()
    assert '<div class="code">123456</div>' in sent.get_body(("html",)).get_content()
    assert [part["Content-Transfer-Encoding"] for part in sent.iter_parts()] == ["7bit", "7bit"]
    assert state(mail) == {"status": "sent", "attempts": 1, "last_error": ""}
    assert mail.sent_at is not None
    assert mail.claimed_until is None


def test_rolled_back_transaction_queues_nothing(sink, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as callbacks, transaction.atomic():
        queue()
        transaction.set_rollback(True)

    assert callbacks == []
    assert sink.mails == []
    assert not OutboxMail.objects.exists()


def test_stored_body_is_sealed():
    mail = queue()

    assert "123456" not in f"{mail.sealed_text}{mail.sealed_html}"


def test_text_twin_is_not_escaped_and_html_is(sink, mails_are_jobs):
    with mails_are_jobs():
        queue(context={"code": "<&'>", "valid_minutes": 1})

    [sent] = sink.mails
    assert "<&'>" in sent.get_body(("plain",)).get_content()
    assert "&lt;&amp;&#x27;&gt;" in sent.get_body(("html",)).get_content()


def test_subject_cannot_carry_headers(sink, mails_are_jobs):
    with mails_are_jobs():
        queue_mail(
            recipient="ann@example.com",
            subject="Hello\r\nBcc: eve@example.com",
            template="notifications/mail/one_time_password",
        )

    [sent] = sink.mails
    assert (sent["Subject"], sent["Bcc"]) == ("Hello Bcc: eve@example.com", None)


def test_mail_is_sent_once_however_often_it_is_asked_for(sink):
    mail = queue()

    for _ in range(3):
        send_mail(mail.pk)

    assert sink.deliveries() == {message_id(mail.pk): 1}


def test_unknown_mail_is_no_error(sink):
    send_mail(2**40)

    assert sink.mails == []


def test_mail_that_another_worker_has_taken_up_is_left_alone(sink):
    mail = queue()
    OutboxMail.objects.filter(pk=mail.pk).update(claimed_until=timezone.now() + LEASE)

    send_mail(mail.pk)

    assert sink.mails == []


def test_sweep_sends_what_a_dead_worker_had_taken_up(sink):
    mail = queue()
    OutboxMail.objects.filter(pk=mail.pk).update(claimed_until=timezone.now() - timedelta(seconds=1), attempts=1)

    tasks.sweep_mails.call_local()

    assert sink.deliveries() == {message_id(mail.pk): 1}
    assert state(mail) == {"status": "sent", "attempts": 2, "last_error": ""}


def test_mail_whose_workers_keep_dying_fails_in_the_end(sink):
    mail = queue()
    OutboxMail.objects.filter(pk=mail.pk).update(attempts=MAXIMUM_ATTEMPTS)

    send_mail(mail.pk)

    assert sink.mails == []
    assert state(mail) == {"status": "failed", "attempts": MAXIMUM_ATTEMPTS + 1, "last_error": "its workers died"}


def test_temporary_refusal_is_tried_again_later_with_the_same_message_id(sink):
    sink.answers = ["451 ann@example.com try later"]
    mail = queue()

    with time_machine.travel(mail.due_at, tick=False):
        send_mail(mail.pk)
        send_mail(mail.pk)
    mail.refresh_from_db()
    waits = mail.due_at - mail.created_at
    with time_machine.travel(mail.due_at, tick=False):
        tasks.sweep_mails.call_local()

    assert timedelta(seconds=9) < waits < timedelta(seconds=11)
    assert sink.deliveries() == {message_id(mail.pk): 1}
    assert state(mail) == {"status": "sent", "attempts": 2, "last_error": ""}


def test_each_delay_is_longer_and_the_last_attempt_fails(sink, settings):
    settings.EMAIL_PORT = 1
    mail = queue()

    delays = []
    while mail.status == "queued":
        with time_machine.travel(mail.due_at, tick=False):
            before = mail.due_at
            send_mail(mail.pk)
            mail.refresh_from_db()
            delays.append(round((mail.due_at - before).total_seconds()))

    assert delays == [10, 30, 90, 270, 810, 2430, 7290, 0]
    assert state(mail) == {
        "status": "failed",
        "attempts": MAXIMUM_ATTEMPTS,
        "last_error": "ConnectionRefusedError ECONNREFUSED",
    }


def test_refused_recipient_fails_at_once_and_the_address_is_not_kept(sink, caplog):
    sink.refused_recipients = {"ann@example.com": "550 ann@example.com is unknown"}
    mail = queue()

    send_mail(mail.pk)

    assert state(mail) == {"status": "failed", "attempts": 1, "last_error": "SMTPRecipientsRefused 550"}
    assert "ann@example.com" not in caplog.text
    assert "SMTPRecipientsRefused 550" in caplog.text


def test_refused_content_fails_at_once(sink):
    sink.answers = ["554 no"]
    mail = queue()

    send_mail(mail.pk)

    assert state(mail) == {"status": "failed", "attempts": 1, "last_error": "SMTPDataError 554"}


def test_expired_mail_fails_without_being_sent(sink):
    mail = queue(expires_at=timezone.now() + timedelta(minutes=5), holds_secret=True)

    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        send_mail(mail.pk)

    assert sink.mails == []
    assert state(mail) == {"status": "failed", "attempts": 1, "last_error": "expired"}
    assert (mail.sealed_text, mail.sealed_html) == ("", "")


def test_mail_that_would_be_late_next_time_fails_now(sink):
    sink.answers = ["451 later"]
    mail = queue(expires_at=timezone.now() + timedelta(seconds=5), holds_secret=True)

    send_mail(mail.pk)

    assert state(mail) == {"status": "failed", "attempts": 1, "last_error": "SMTPDataError 451"}
    assert (mail.sealed_text, mail.sealed_html) == ("", "")


def test_body_sealed_under_another_key_fails(sink, settings):
    mail = queue()
    settings.SECRET_KEY = "another-secret-key-0123456789-abcdefghijkl"

    send_mail(mail.pk)

    assert state(mail) == {"status": "failed", "attempts": 1, "last_error": "sealed under another SECRET_KEY"}


def test_secret_body_is_wiped_once_sent_and_another_stays(sink):
    secret, plain = queue(holds_secret=True), queue()

    for mail in (secret, plain):
        send_mail(mail.pk)
        mail.refresh_from_db()

    assert (secret.sealed_text, secret.sealed_html) == ("", "")
    assert plain.sealed_text
    assert plain.sealed_html


def test_sent_mail_is_sent_again_as_a_new_one(sink, mails_are_jobs):
    with mails_are_jobs():
        mail = queue()
    mail.refresh_from_db()

    with mails_are_jobs():
        again = resend_mail(mail=mail)

    assert again.pk != mail.pk
    assert sink.deliveries() == {message_id(mail.pk): 1, message_id(again.pk): 1}
    assert sink.mails[0].get_body(("plain",)).get_content() == sink.mails[1].get_body(("plain",)).get_content()


def test_waiting_mail_is_sent_at_once_when_asked_for(sink, mails_are_jobs):
    mail = queue()
    OutboxMail.objects.filter(pk=mail.pk).update(due_at=timezone.now() + timedelta(hours=1))

    with mails_are_jobs():
        assert resend_mail(mail=mail) == mail

    assert sink.deliveries() == {message_id(mail.pk): 1}


def test_wiped_mail_cannot_be_sent_again(sink):
    mail = queue(holds_secret=True)
    send_mail(mail.pk)
    mail.refresh_from_db()

    with pytest.raises(MailBodyWiped):
        resend_mail(mail=mail)

    assert OutboxMail.objects.count() == 1


def test_mails_of_someone_who_left_are_forgotten(customer, stranger):
    queue(user_id=customer.pk)
    kept = queue(user_id=stranger.pk)

    forget_mails_of(user_id=customer.pk)

    assert list(OutboxMail.objects.all()) == [kept]


def test_old_mails_are_purged_unless_they_still_wait():
    old, waiting, recent = queue(), queue(), queue()
    month_ago = timezone.now() - timedelta(days=31)
    OutboxMail.objects.filter(pk=old.pk).update(created_at=month_ago, status="sent")
    OutboxMail.objects.filter(pk=waiting.pk).update(created_at=month_ago)
    OutboxMail.objects.filter(pk=recent.pk).update(status="sent")

    assert purge_mails() == 1
    assert set(OutboxMail.objects.all()) == {waiting, recent}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_at_one_mail_send_it_once(sink):
    sink.delay = 0.2
    mail = OutboxMail.objects.create(
        recipient="ann@example.com",
        subject="A code",
        sealed_text=seal("text", purpose="mail"),
        sealed_html=seal("html", purpose="mail"),
        due_at=timezone.now(),
    )
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait()
            send_mail(mail.pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sink.deliveries() == {message_id(mail.pk): 1}
    assert state(mail) == {"status": "sent", "attempts": 1, "last_error": ""}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_nothing_is_sent_inside_a_transaction(sink):
    mail = queue()
    OutboxMail.objects.filter(pk=mail.pk).update(status="queued")

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        send_mail(mail.pk)

    assert sink.deliveries() == {message_id(mail.pk): 1}
