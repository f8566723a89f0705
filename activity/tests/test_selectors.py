import pytest
from django.db import connection

from activity.models import ActivityEntry
from activity.selectors import ActivitySearch, done_by_or_to, find_activity, types_logged, types_of_targets_logged
from activity.services import Target, record_activity

pytestmark = pytest.mark.django_db
needs_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans otherwise")


@pytest.fixture
def entries(customer, stranger):
    written = (
        ("venue_created", customer, Target("venue", 3)),
        ("venue_created", stranger, Target("venue", 31)),
        ("signed_in", customer, None),
        ("muted", stranger, Target("user", 3)),
    )
    return [
        record_activity(type=type, actor_id=actor.pk, summary=type, **({"target": target} if target else {}))
        for type, actor, target in written
    ]


def found(rows):
    return list(rows.order_by("id"))


def test_what_is_logged_is_told_by_its_types(entries):
    assert types_logged() == ["muted", "signed_in", "venue_created"]
    assert types_of_targets_logged() == ["", "user", "venue"]


def test_of_an_empty_log_there_are_no_types():
    assert types_logged() == types_of_targets_logged() == []


@pytest.mark.parametrize(
    ("words", "places"), [("ANN", [0, 2]), (" venue 3 ", [0]), ("user 3", [3]), ("nobody", []), ("venue x", [])]
)
def test_entries_are_found_by_who_did_it_or_what_it_was_done_to(entries, words, places):
    rows = ActivityEntry.objects.filter(done_by_or_to(words))

    assert found(rows) == [entries[place] for place in places]


@needs_postgresql
@pytest.mark.parametrize(
    "search",
    [
        lambda: find_activity(ActivitySearch(actor="nobody")),
        lambda: ActivityEntry.objects.filter(done_by_or_to("nobody")),
    ],
)
def test_who_did_nothing_is_not_looked_for_through_the_whole_log(plan_of, search):
    plan = plan_of(lambda: list(search()[:50]), without=("seqscan", "sort", "bitmapscan"))

    assert "activity_by_actor" in plan
    assert "activity_by_time" not in plan


@needs_postgresql
@pytest.mark.parametrize(
    ("read", "index"), [(types_logged, "activity_by_type"), (types_of_targets_logged, "activity_by_target")]
)
def test_types_are_found_by_an_index(plan_of, read, index):
    plan = plan_of(read, without=("seqscan", "bitmapscan"))

    assert index in plan
    assert "Seq Scan" not in plan
