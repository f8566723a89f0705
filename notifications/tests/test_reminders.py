"""Mails to those who are away."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.services.blocks import block_user
from accounts.services.privacy import anonymise_account
from accounts.services.standing import shut_out_user
from notifications import tasks
from notifications.models import Notification, OutboxMail, Preference
from notifications.services import notify
from notifications.services.inbox import MAILED_AFTER, mark_read
from notifications.services.leases import LEASED_FOR, settle_leases
from notifications.services.reminders import mail_unread
from notifications.tests.conftest import mention, mentions

pytestmark = pytest.mark.usefixtures("db", "two_kinds")
TWO_MINUTES = timedelta(minutes=2)
LATER = TWO_MINUTES + timedelta(seconds=1)


@pytest.fixture
def swept(django_capture_on_commit_callbacks):
    """What the sweep mails so much later."""

    def sweep(after: timedelta = LATER) -> list:
        mail.outbox.clear()
        with time_machine.travel(timezone.now() + after), django_capture_on_commit_callbacks(execute=True):
            tasks.sweep_reminders()
        return mail.outbox

    return sweep


def test_one_mail_tells_of_all_that_is_unread(customer, bob, swept) -> None:
    mentions(customer, bob, count=2)
    notify([mention(customer, message="There is <b>news</b>.", dedupe_key="news")])

    (sent,) = swept()

    assert (sent.to, sent.subject) == (["ann@example.com"], "You have 3 unread notifications")
    assert sent.body.splitlines()[:9] == [
        "Hello,",
        "",
        "while you were away:",
        "",
        "  * There is <b>news</b>.",
        "  * Bob mentioned you in #general",
        "  * Bob mentioned you in #general",
        "",
        "You get this mail since you have not read these in your inbox yet. What",
    ]
    assert "<li>There is &lt;b&gt;news&lt;/b&gt;.</li>" in sent.alternatives[0].content
    assert not Notification.objects.exclude(email_due_at=None).exists()
    assert Notification.objects.exclude(mailed_at=None).count() == 3
    assert OutboxMail.objects.get().sealed_text == ""


def test_a_mail_tells_of_twenty_and_counts_the_rest(customer, swept) -> None:
    mentions(customer, count=22)

    (sent,) = swept()

    assert sent.subject == "You have 22 unread notifications"
    assert sent.body.count("mentioned you") == 20
    assert "  * and 2 more\n" in sent.body


def test_it_is_mailed_once(customer, swept) -> None:
    mentions(customer, count=1)

    assert [len(swept()), len(swept())] == [1, 0]
    notify([mention(customer, dedupe_key="another")])
    (sent,) = swept()
    assert sent.subject == "You have an unread notification"


def test_nothing_is_mailed_before_two_minutes(customer, swept) -> None:
    mentions(customer, count=1)

    assert swept(TWO_MINUTES - timedelta(seconds=1)) == []


def test_what_was_read_is_not_mailed(customer, swept) -> None:
    first, second = mentions(customer, count=2)
    mark_read(by=customer, ids=[first.pk])

    (sent,) = swept()

    assert sent.subject == "You have an unread notification"
    assert list(Notification.objects.exclude(mailed_at=None)) == [second]


def test_what_an_open_inbox_was_sent_is_not_mailed(customer, bob, swept) -> None:
    notify([mention(customer), mention(bob), mention(customer, kind="digest", dedupe_key="digest")])
    with time_machine.travel(timezone.now() + TWO_MINUTES):
        settle_leases(uuid.uuid4(), taken=[customer.pk], dropped=[])

    sent = swept()

    assert {(one.to[0], one.subject) for one in sent} == {
        ("bob@example.com", "You have an unread notification"),
        ("ann@example.com", "You have an unread notification"),
    }
    assert not Notification.objects.exclude(email_due_at=None).exists()
    assert not Notification.objects.get(recipient=customer, kind="mention").mailed_at


def test_a_lease_that_ran_out_is_nobody(customer, swept) -> None:
    settle_leases(uuid.uuid4(), taken=[customer.pk], dropped=[])
    mentions(customer, count=1)

    assert len(swept()) == 1


def test_a_lease_that_lives_when_a_mail_is_due_was_taken_or_renewed_after_it_was_told() -> None:
    assert LEASED_FOR < MAILED_AFTER


def test_who_wants_no_mail_any_more_gets_none(customer, swept) -> None:
    mentions(customer, count=1)
    Preference.objects.create(user=customer, kind="mention", channel="email", enabled=False)

    assert swept() == []
    assert Notification.objects.get().email_due_at is None


def test_who_was_blocked_meanwhile_is_not_written_about(customer, bob, swept) -> None:
    mentions(customer, bob, count=1)
    block_user(blocked=bob, by=customer)

    assert swept() == []
    assert Notification.objects.get().read_at is not None


def test_who_was_shut_out_meanwhile_gets_none(customer, superuser, swept) -> None:
    mentions(customer, count=1)
    shut_out_user(user=customer, by=superuser)

    assert swept() == []


def test_who_has_left_is_not_named(customer, bob, swept) -> None:
    mentions(customer, bob, count=1)
    anonymise_account(user=bob, by=bob)

    (sent,) = swept()

    assert "  * Somebody mentioned you in #general\n" in sent.body


def test_a_kind_that_nobody_declares_any_more_is_not_mailed(customer, swept) -> None:
    mentions(customer, count=1)
    Notification.objects.update(kind="forgotten")

    assert swept() == []


def test_there_is_nothing_to_mail_to_who_was_told_nothing(customer) -> None:
    assert mail_unread(recipient_id=customer.pk) is None


def test_a_worker_that_dies_leaves_all_to_the_next(customer, monkeypatch, swept) -> None:
    mentions(customer, count=2)

    class Died(BaseException):
        pass

    def die(**mail: object) -> None:
        raise Died

    with monkeypatch.context() as patch, time_machine.travel(timezone.now() + LATER):
        patch.setattr("notifications.services.reminders.queue_mail", die)
        with pytest.raises(Died):
            mail_unread(recipient_id=customer.pk)

    assert Notification.objects.exclude(email_due_at=None).count() == 2
    (sent,) = swept()
    assert sent.subject == "You have 2 unread notifications"
