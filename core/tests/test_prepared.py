from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import BigIntegerField, Count, DateTimeField, UUIDField
from django.db.models.functions import TruncDate
from django.utils import timezone

from core.prepared import ListSlot, OneOf, Prepared, Slot

User, Session = apps.get_model("accounts.User"), apps.get_model("accounts.Session")
NAMED = Prepared(lambda: User.objects.filter(pk=Slot("id", BigIntegerField()), is_active=True))
WITH_USER = Prepared(lambda: Session.objects.select_related("user").filter(pk=Slot("id", UUIDField())))


def test_each_run_finds_what_it_asks_for(make_user):
    ann, bob = make_user("ann"), make_user("bob")

    found = [NAMED.first(id=user.pk) for user in (ann, bob, ann)]

    assert [user.username for user in found] == ["ann", "bob", "ann"]


def test_what_is_not_there_is_none(make_user):
    make_user("ann", is_active=False)

    assert (NAMED.first(id=User.objects.get().pk), NAMED.all(id=0)) == (None, [])


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**200])
def test_what_no_column_holds_is_not_there(db, value):
    assert NAMED.first(id=value) is None


def test_related_rows_come_along_in_the_one_query(customer_session, django_assert_num_queries):
    WITH_USER.first(id=customer_session.pk)

    with django_assert_num_queries(1):
        found = WITH_USER.first(id=customer_session.pk)
        told = (found, found.user, found.access_lifetime, found.created_at)

    stored = Session.objects.select_related("user").get(pk=customer_session.pk)
    assert told == (stored, stored.user, stored.access_lifetime, stored.created_at)


def joined(since, of_type):
    rows = User.objects.filter(date_joined__gte=since, user_type=of_type).order_by()
    return rows.annotate(day=TruncDate("date_joined")).values_list("day", "user_type", Count("pk"))


def test_values_of_several_queries_come_in_one(make_user, django_assert_num_queries):
    since = Slot("since", DateTimeField())
    both = Prepared(lambda: joined(since, "customer").union(joined(since, "venue_owner"), all=True))
    now = timezone.now()
    for name, user_type in (("ann", "customer"), ("ben", "customer"), ("cay", "venue_owner")):
        make_user(name, user_type)
    User.objects.filter(username="ann").update(date_joined=now - timedelta(days=2))

    for days, found in ((3, [1, 1, 1]), (1, [1, 1])):
        with django_assert_num_queries(1):
            rows = both.rows(since=now - timedelta(days=days))
        assert [count for _, _, count in rows] == found
        assert (now.date(), "venue_owner", 1) in rows


def test_a_list_is_brought_by_each_run_or_is_there_from_the_start(make_user):
    users = [make_user(name) for name in ("ann", "ben", "cay")]
    among = Prepared(lambda: User.objects.filter(OneOf("pk", ListSlot("ids"))).order_by("pk"))

    assert among.all(ids=[users[0].pk, users[2].pk, 0]) == [users[0], users[2]]
    assert among.all(ids=[users[1].pk]) == [users[1]]
    assert among.all(ids=[]) == []
    assert list(User.objects.filter(OneOf("pk", [users[1].pk]))) == [users[1]]
    assert set(User.objects.exclude(OneOf("pk", [users[1].pk]))) == {users[0], users[2]}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_threads_use_their_own_connections(make_user):
    users = [make_user(f"user{number}") for number in range(20)]

    def find(user):
        try:
            return NAMED.first(id=user.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as threads:
        found = list(threads.map(find, users))

    assert found == users


@pytest.fixture
def customer_session(customer):
    return Session.objects.create(
        user=customer,
        surface="pub",
        last_seen_at=timezone.now(),
        expires_at=timezone.now(),
        access_lifetime=timedelta(hours=1),
        refresh_lifetime=timedelta(days=7),
        refreshed_at=timezone.now(),
    )
