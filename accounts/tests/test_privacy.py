import pytest
from django.contrib.admin.models import CHANGE, LogEntry

from accounts.events import AccountAnonymised
from accounts.models import Block, Report, User
from accounts.services.privacy import anonymise_account, export_account
from conftest import open_pub_session
from core.errors import NotFound
from core.events import with_it


class Refused(Exception):
    pass


REFUSING: list[int] = []


@with_it(AccountAnonymised)
def refuse(event):
    if event.user_id in REFUSING:
        raise Refused


@pytest.fixture
def refusing():
    yield REFUSING
    REFUSING.clear()


def test_the_export_of_who_is_no_customer(owner):
    held = export_account(owner)

    assert (held["account"]["email"], held["profile"]) == ("olga@example.com", None)


def test_nobody_leaves_twice(customer):
    anonymise_account(user=customer, by=customer)
    name = User.objects.get(pk=customer.pk).username

    with pytest.raises(NotFound):
        anonymise_account(user=customer, by=customer)

    assert User.objects.get(pk=customer.pk).username == name


def test_leaving_happens_whole_or_not_at_all(customer, refusing):
    session = open_pub_session(customer).session
    refusing.append(customer.pk)

    with pytest.raises(Refused):
        anonymise_account(user=customer, by=customer)

    session.refresh_from_db()
    customer.refresh_from_db()
    assert (customer.username, customer.is_active, session.revoked_at) == ("ann", True, None)


def test_the_admins_record_of_edits_forgets_their_name(customer, stranger, superuser):
    for edited in (customer, stranger, customer.customer_profile):
        LogEntry.objects.log_actions(superuser.pk, [edited], CHANGE, [], single_object=True)

    anonymise_account(user=customer, by=customer)

    assert sorted(LogEntry.objects.values_list("object_repr", flat=True)) == ["", "", "stranger"]


def test_what_is_other_peoples_stays(customer, stranger, owner):
    complaint = Report.objects.create(reporter=stranger, reported=customer, reason="Shouts.")
    theirs = Block.objects.create(blocker=stranger, blocked=owner)
    session = open_pub_session(stranger).session

    anonymise_account(user=customer, by=customer)

    complaint.refresh_from_db()
    session.refresh_from_db()
    assert (complaint.reporter, complaint.reported, session.revoked_at) == (stranger, customer, None)
    assert list(Block.objects.all()) == [theirs]
