import pytest

from accounts.models import Block
from accounts.services.standing import shut_out_user
from core.events import with_it
from notifications.events import InboxesChanged
from notifications.kinds import Kind, register_kind
from notifications.models import Notification, Preference
from notifications.services import notify
from notifications.tests.conftest import mention

HEARD: list[InboxesChanged] = []
with_it(InboxesChanged)(HEARD.append)


pytestmark = pytest.mark.usefixtures("db", "two_kinds")


@pytest.fixture
def heard():
    HEARD.clear()
    return HEARD


def test_a_user_is_told_of_something(customer, bob, heard) -> None:
    told = notify([mention(customer, bob, details={"channel_id": 1, "deep": {"is": [True, None]}})])

    (stored,) = Notification.objects.all()
    assert [one.pk for one in told] == [stored.pk]
    assert (stored.recipient, stored.actor, stored.kind) == (customer, bob, "mention")
    assert stored.details == {"channel_id": 1, "deep": {"is": [True, None]}}
    assert (stored.in_app, stored.read_at) == (True, None)
    assert (stored.email_due_at - stored.created_at).total_seconds() == 120
    assert heard == [InboxesChanged(frozenset({customer.pk}))]


def test_they_are_told_once(customer, bob, heard) -> None:
    notify([mention(customer, bob)])
    heard.clear()

    again = notify([mention(customer, bob), mention(bob), mention(bob)])

    assert [one.recipient_id for one in again] == [bob.pk]
    assert Notification.objects.count() == 2
    assert heard == [InboxesChanged(frozenset({bob.pk}))]


def test_nobody_is_told_of_their_own_doing(customer) -> None:
    assert notify([mention(customer, customer)]) == []


def test_nobody_is_told_of_whom_they_block(customer, bob) -> None:
    Block.objects.create(blocker=customer, blocked=bob)

    told = notify([mention(customer, bob), mention(bob, customer), mention(customer, dedupe_key="other")])

    assert {(one.recipient_id, one.actor_id) for one in told} == {(bob.pk, customer.pk), (customer.pk, None)}


def test_who_is_gone_is_told_nothing(customer, bob, superuser) -> None:
    shut_out_user(user=customer, by=superuser)

    assert notify([mention(customer, bob)]) == []


def test_they_are_told_as_they_want_to_be(customer, bob, heard) -> None:
    Preference.objects.create(user=customer, kind="mention", channel="in_app", enabled=False)
    Preference.objects.create(user=bob, kind="mention", channel="email", enabled=False)

    by_mail, in_app = notify([mention(customer), mention(bob)])

    assert (by_mail.in_app, by_mail.email_due_at is None) == (False, False)
    assert (in_app.in_app, in_app.email_due_at is None) == (True, True)
    assert heard == [InboxesChanged(frozenset({bob.pk}))]


def test_what_nobody_wants_to_hear_is_not_stored(customer) -> None:
    Preference.objects.create(user=customer, kind="digest", channel="email", enabled=False)

    assert notify([mention(customer, kind="digest")]) == []


def test_a_kind_must_be_declared(customer) -> None:
    with pytest.raises(KeyError, match="unheard"):
        notify([mention(customer, kind="unheard")])


def test_two_kinds_cannot_share_a_name() -> None:
    register_kind(Kind("mention", "Mentions"))

    with pytest.raises(ValueError, match="another kind"):
        register_kind(Kind("mention", "Something else"))


@pytest.mark.parametrize("count", [1, 3])
def test_telling_many_takes_as_many_statements_as_telling_one(make_user, bob, count, django_assert_num_queries) -> None:
    people = [make_user(f"person-{number}") for number in range(count)]

    with django_assert_num_queries(6):
        told = notify([mention(person, bob) for person in people])

    assert len(told) == count
