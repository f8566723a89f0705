from typing import Any

from django.core import mail
from django.test import Client
from django.urls import reverse

from notifications.models import OutboxMail
from notifications.services import queue_mail

LIST = "admin:notifications_outboxmail_changelist"


def queued(**fields: Any) -> OutboxMail:
    template = "notifications/mail/one_time_password"
    context = {"code": "123456", "valid_minutes": 5}
    return queue_mail(recipient="ann@example.com", subject="Hello", template=template, context=context, **fields)


def test_mails_are_sent_again(visitor: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = queued()

    with django_capture_on_commit_callbacks(execute=True):
        visitor.post(reverse(LIST), {"action": "resend", "_selected_action": [first.pk]})
        visitor.post(reverse("admin:notifications_outboxmail_resend_this", args=[first.pk]), {"_form_submitted": "on"})

    assert [message.to for message in mail.outbox] == [["ann@example.com"]] * 3
    assert OutboxMail.objects.filter(status=OutboxMail.Status.SENT).count() == 3


def test_a_wiped_mail_is_not_sent_again_and_says_so(visitor: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        secret = queued(holds_secret=True)

    response = visitor.post(reverse(LIST), {"action": "resend", "_selected_action": [secret.pk]}, follow=True)

    told = [str(message) for message in response.context["messages"]]
    assert told == [f"{secret}: This mail held a secret and its body is wiped: it cannot be sent again."]
    assert len(mail.outbox) == 1
