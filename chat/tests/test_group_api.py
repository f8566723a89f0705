from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import Conversation, Mute
from chat.services.conversations import close_group, join_group
from chat.tests.conftest import block, shown, spelled
from notifications.models import Notification
from venues.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def hour(time_machine):
    """Time stands still; `hour(3)` lets three hours pass."""
    time_machine.move_to(timezone.now(), tick=False)
    return lambda hours: time_machine.shift(timedelta(hours=hours))


def test_who_is_at_the_venue_reads_its_group(as_user, customer, owner, superuser, group, var_id, check_in, say):
    check_in(customer)
    messages = [say(customer, group, "one"), say(owner, group, "two")]

    answers = [as_user(user).send("get", "/group/v1/history/") for user in (customer, owner, superuser)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (200, [shown(message) for message in messages])
    ] * 3


def test_a_group_in_which_nobody_spoke_is_empty(as_user, customer, var_id, check_in):
    check_in(customer)

    answer = as_user(customer).send("get", "/group/v1/history/")

    assert (answer.status_code, answer.json()) == (200, [])
    assert not Conversation.objects.exists()


def test_who_is_elsewhere_does_not_read_it(as_user, customer, stranger, other_owner, group, var_id, check_in):
    check_in(stranger, at=Venue.objects.create(name="Elsewhere"))

    answers = [as_user(user).send("get", "/group/v1/history/") for user in (customer, stranger, other_owner)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "not_at_venue")] * 3


def test_an_expired_var_id_opens_it_only_for_who_is_there(
    as_user, customer, stranger, owner, superuser, group, var_id, check_in, hour
):
    var_id.valid_until = timezone.now() + timedelta(hours=1)
    var_id.save()
    clients = [as_user(user) for user in (customer, owner, superuser, stranger)]
    check_in(customer)

    before = [client.send("get", "/group/v1/history/").status_code for client in clients]
    hour(1)
    clients = [as_user(user) for user in (customer, owner, superuser, stranger)]
    after = [client.send("get", "/group/v1/history/").status_code for client in clients]
    hour(6)
    left = as_user(customer).send("get", "/group/v1/history/")

    assert before == [200, 200, 200, 403]
    assert after == [200, 200, 200, 410]
    assert (left.status_code, left.json()) == (410, {"error": "This var_id has expired.", "code": "var_id_expired"})


def test_a_var_id_that_never_was_is_unknown(as_user, superuser, var_id):
    answers = [as_user(superuser).send("get", f"/group/{value}/history/") for value in ("v2", "V1", "x" * 300)]

    assert [answer.status_code for answer in answers] == [404] * 3


def test_a_deleted_venue_is_there_for_its_owner_only(as_user, customer, owner, superuser, venue, var_id, check_in):
    check_in(customer)
    Venue.objects.update(status=Venue.Status.CLOSED)

    answers = [as_user(user).send("get", "/group/v1/history/") for user in (customer, owner, superuser)]

    assert [answer.status_code for answer in answers] == [404, 200, 200]


def test_messages_of_the_blocked_are_hidden_from_the_blocker_alone(
    as_user, customer, friend, owner, group, var_id, check_in, say
):
    check_in(customer)
    check_in(friend)
    of_friend, of_customer = say(friend, group, "one"), say(customer, group, "two")
    block(customer, friend)

    answers = [as_user(user).send("get", "/group/v1/history/").json() for user in (customer, friend, owner)]

    assert answers == [[shown(of_customer)], *[[shown(of_friend), shown(of_customer)]] * 2]


@pytest.mark.parametrize("n", [1, 3])
def test_group_history_costs_the_same_however_long(
    as_user, customer, group, var_id, check_in, say, n, django_assert_num_queries
):
    """Session, var_id, presence, group, messages, reactions."""
    check_in(customer)
    for i in range(n):
        say(customer, group, str(i))
    client = as_user(customer)

    with django_assert_num_queries(6):
        answer = client.send("get", "/group/v1/history/")

    assert len(answer.json()) == n


def test_a_group_is_made_when_somebody_first_enters(customer, venue, var_id, check_in):
    check_in(customer)

    entered = [join_group(by=customer, var_id="v1") for _ in range(2)]

    assert entered[0] == entered[1] == Conversation.objects.get(venue=venue)


def test_muting_lasts_from_now_and_can_be_renewed_and_lifted(as_user, owner, customer, venue, hour):
    hour(0)
    client = as_user(owner)
    answers = [
        client.send("post", f"/group/{venue.pk}/mute/", {"username": "ANN", "minutes": minutes})
        for minutes in (5, 60, 0)
    ]

    now = timezone.now()
    untils = [now + timedelta(minutes=minutes) for minutes in (5, 60, 0)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (200, {"username": "ann", "until": spelled(until)}) for until in untils
    ]
    assert Mute.objects.values_list("user", "until", "by").get() == (customer.pk, now, owner.pk)


def test_who_is_muted_is_told_once_a_day_and_not_of_its_end(as_user, owner, customer, venue, hour):
    hour(0)
    client = as_user(owner)
    for minutes in (0, 5, 60, 0):
        client.send("post", f"/group/{venue.pk}/mute/", {"username": "ann", "minutes": minutes})

    columns = ("recipient", "actor", "kind", "message", "details", "email_due_at")
    told = (customer.pk, None, "mute", "You are muted in the group of The Anchor", {"venue_id": venue.pk}, None)
    assert list(Notification.objects.values_list(*columns)) == [told]


def test_owner_and_superuser_cannot_be_muted(as_user, owner, superuser, venue):
    answers = [
        as_user(by).send("post", f"/group/{venue.pk}/mute/", {"username": username, "minutes": 5})
        for by, username in ((owner, "root"), (superuser, "olga"))
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(400, "cannot_be_muted")] * 2
    assert not Mute.objects.exists()


def test_a_group_is_closed_and_opened_as_often_as_one_likes(as_user, owner, venue):
    client = as_user(owner)

    answers = [client.send("post", f"/group/{venue.pk}/{act}/") for act in ("close", "close", "open", "open")]

    closed_at = answers[0].json()["closed_at"]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (200, {"venue": venue.pk, "closed_at": closed_at}),
        (200, {"venue": venue.pk, "closed_at": closed_at}),
        (200, {"venue": venue.pk, "closed_at": None}),
        (200, {"venue": venue.pk, "closed_at": None}),
    ]
    assert closed_at is not None


def test_a_muted_customer_is_told_until_when(as_user, owner, customer, group, venue, check_in, say):
    check_in(customer)
    message = say(customer, group)
    muted = as_user(owner).send("post", f"/group/{venue.pk}/mute/", {"username": "ann", "minutes": 5}).json()

    answer = as_user(customer).send("patch", f"/messages/{message.pk}/", {"message": "Bye"})

    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "You are muted in this group.", "code": "muted", "until": muted["until"]},
    )


def test_a_closed_group_can_be_read(as_user, owner, group, venue, var_id, say):
    message = say(owner, group)
    close_group(by=owner, venue_id=venue.pk)

    answer = as_user(owner).send("get", "/group/v1/history/")

    assert (answer.status_code, answer.json()) == (200, [shown(message)])
