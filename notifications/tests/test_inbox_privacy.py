"""What is kept of an inbox, for how long, and what goes when somebody leaves."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.services.blocks import block_user
from accounts.services.privacy import anonymise_account, export_account
from notifications import tasks
from notifications.models import InboxLease, Notification, Preference
from notifications.services import notify
from notifications.services.inbox import mark_read
from notifications.services.leases import settle_leases
from notifications.services.preferences import prefer
from notifications.tests.conftest import mention, mentions

pytestmark = pytest.mark.usefixtures("db", "two_kinds")


def test_everything_is_in_ones_export(customer, bob, stranger) -> None:
    first, second = mentions(customer, bob, count=2)
    mark_read(by=customer, ids=[first.pk])
    first.refresh_from_db()
    mentions(stranger, customer, count=1)
    prefer(kind="mention", channel=Preference.Channel.EMAIL, enabled=False, by=customer)

    exported = export_account(customer)

    told = {"kind": "mention", "message": "Bob mentioned you in #general", "mailed_at": None}
    assert exported["notifications"] == [
        {**told, "created_at": first.created_at, "read_at": first.read_at},
        {**told, "created_at": second.created_at, "read_at": None},
    ]
    assert exported["notification_preferences"] == [{"kind": "mention", "channel": "email", "enabled": False}]


def test_who_leaves_leaves_nothing_behind(customer, bob) -> None:
    mentions(customer, bob, count=1)
    prefer(kind="mention", channel=Preference.Channel.EMAIL, enabled=False, by=customer)
    settle_leases(uuid.uuid4(), taken=[customer.pk], dropped=[])
    notify([mention(bob, customer)])

    anonymise_account(user=customer, by=customer)

    (others,) = Notification.objects.select_related("actor")
    assert (others.recipient, others.sentence) == (bob, "Somebody mentioned you in #general")
    assert not Preference.objects.exists()
    assert not InboxLease.objects.exists()


def test_what_the_blocked_did_counts_as_read(customer, bob, stranger) -> None:
    mentions(customer, bob, count=1)
    theirs = notify([mention(customer, stranger), mention(bob, customer)])

    block_user(blocked=bob, by=customer)

    assert set(Notification.objects.filter(read_at=None)) == set(theirs)


def test_old_ones_and_dead_leases_go(customer) -> None:
    now = timezone.now()
    for days, is_read in ((366, False), (91, True), (364, False), (89, True)):
        with time_machine.travel(now - timedelta(days=days)):
            notify([mention(customer, dedupe_key=str(days))])
            if is_read:
                mark_read(by=customer, ids=Notification.objects.filter(dedupe_key=days).values_list("pk", flat=True))
    with time_machine.travel(now - timedelta(hours=1)):
        settle_leases(uuid.uuid4(), taken=[customer.pk], dropped=[])

    tasks.purge_inboxes()

    assert list(Notification.objects.values_list("dedupe_key", flat=True)) == ["89", "364"]
    assert not InboxLease.objects.exists()
