"""Many threads, each with a database connection of its own, at the same inboxes."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from notifications.models import Notification, OutboxMail
from notifications.services import notify
from notifications.services.inbox import mark_read
from notifications.services.reminders import mail_unread
from notifications.tests.conftest import mention, mentions

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("two_kinds"),
]


def at_once(acts):
    """What each act returned. All threads start together; connections go back after each act, as the server's do."""
    start = Barrier(len(acts))

    def run(act):
        try:
            return act()
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(len(acts), initializer=start.wait) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def people(make_user):
    return [make_user(f"user{n}") for n in range(4)]


def test_each_is_told_once_by_whoever_comes_first(people):
    """16 threads tell the same people of the same things, in every order."""
    items = [mention(person, dedupe_key=f"mention:{n}") for person in people for n in range(5)]

    told = at_once([lambda n=n: notify(items[n:] + items[:n]) for n in range(16)])

    assert sorted(one.pk for some in told for one in some) == sorted(Notification.objects.values_list("pk", flat=True))
    assert Notification.objects.count() == len(items)


def test_each_is_mailed_once(people):
    for person in people:
        mentions(person, count=5)
    Notification.objects.update(email_due_at=timezone.now())

    queued = at_once([lambda: [mail_unread(recipient_id=person.pk) for person in people]] * 8)

    assert len([mail for mails in queued for mail in mails if mail is not None]) == len(people)
    assert list(OutboxMail.objects.values_list("subject", flat=True)) == ["You have 5 unread notifications"] * 4


def test_reading_and_mailing_never_wait_for_each_other_for_ever(people):
    """A notification is read once, and mailed before that or not at all."""
    told = mentions(people[0], count=40)
    Notification.objects.update(email_due_at=timezone.now())
    backwards = [one.pk for one in reversed(told)]

    def read() -> int:
        return mark_read(by=people[0], ids=backwards)

    def mail() -> int:
        return 0 if mail_unread(recipient_id=people[0].pk) is None else 1

    *reads, mailed, mailed_again = at_once([read, read, read, read, mail, mail])

    assert sum(reads) == 40
    assert mailed + mailed_again == OutboxMail.objects.count() <= 1
    assert not Notification.objects.filter(read_at=None).exists()
