from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.services.privacy import anonymise_account, export_account
from activity.events import FeedGrew
from activity.models import FeedEntry
from activity.selectors import entry_ids_up_to, feed_after, feed_page
from activity.services import PURGED_AT_ONCE, FeedItem, purge_feeds, record_in_feed
from core import events
from core.events import after_commit

pytestmark = pytest.mark.django_db


@pytest.fixture
def grown(monkeypatch):
    """What was told of feeds, as whoever shows them live hears of it."""
    heard: list[FeedGrew] = []
    monkeypatch.setitem(events._after_commit, FeedGrew, [])
    after_commit(FeedGrew)(heard.append)
    return heard


def item(actor, feed="workspace-1", **fields) -> FeedItem:
    return FeedItem(**{"feed": feed, "type": "tried", "actor_id": actor.pk, "ref_id": 5, "summary": "tried", **fields})


def sentences(*asked, **options) -> list[str]:
    return [entry.sentence for entry in feed_page(*asked, **options)]


@pytest.mark.parametrize("count", [1, 3])
def test_a_batch_is_stored_in_one_insert_and_told_once_a_feed(
    customer, grown, count, django_assert_num_queries, django_capture_on_commit_callbacks
):
    items = [item(customer, feed) for _ in range(count) for feed in ("workspace-1", "workspace-2")]

    with (
        django_capture_on_commit_callbacks(execute=True),
        transaction.atomic(),
        django_assert_num_queries(3),  # a savepoint, the insert, and the savepoint's release
    ):
        record_in_feed(items)

    ids = {feed: tuple(e.pk for e in reversed(feed_page(feed, (), 10))) for feed in ("workspace-1", "workspace-2")}
    assert [len(these) for these in ids.values()] == [count, count]
    assert grown == [FeedGrew(feed, these) for feed, these in ids.items()]


def test_the_name_is_put_before_it_in_reading_and_goes_with_the_person(make_user):
    john, ann = make_user("john", first_name="John"), make_user("ann")
    record_in_feed([item(john, summary="sent a message in #general"), item(ann, summary="left the workspace")])

    assert sentences("workspace-1", (), 10) == ["ann left the workspace", "John sent a message in #general"]

    anonymise_account(user=john, by=john)

    entry = feed_page("workspace-1", (), 10)[1]
    assert entry.sentence == f"{entry.actor.username} sent a message in #general"
    assert entry.actor.username.startswith("deleted-")


def test_an_audience_of_a_feed_is_its_own(customer):
    record_in_feed(
        [item(customer, summary="a"), item(customer, summary="b", audience="channel-7"), item(customer, "workspace-2")]
    )

    assert sentences("workspace-1", (), 10) == ["ann a"]
    assert sentences("workspace-1", ("channel-7", "channel-8"), 10) == ["ann b", "ann a"]
    assert sentences("workspace-1", ("channel-8",), 10) == ["ann a"]


def test_whoever_is_in_very_many_audiences_reads_all_of_them(customer):
    record_in_feed([item(customer, summary=f"{number}", audience=f"channel-{number}") for number in range(401)])
    audiences = [f"channel-{number}" for number in range(401)]

    assert sentences("workspace-1", audiences, 3) == ["ann 400", "ann 399", "ann 398"]
    assert sentences("workspace-1", audiences, 500) == [f"ann {number}" for number in range(400, -1, -1)]


def test_pages_go_back_from_an_entry_and_leave_out_whom_one_hides(customer, stranger):
    for number in range(3):
        record_in_feed([item(customer, summary=f"{number}"), item(stranger, summary=f"{number}")])
    second = feed_page("workspace-1", (), 2)[-1]

    assert sentences("workspace-1", (), 2) == ["stranger 2", "ann 2"]
    assert sentences("workspace-1", (), 2, second.pk) == ["stranger 1", "ann 1"]
    assert sentences("workspace-1", (), 3, hidden_ids={stranger.pk}) == ["ann 2", "ann 1", "ann 0"]
    assert sentences("workspace-1", (), 3, before=2**70) == sentences("workspace-1", (), 3)


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_is_two_queries(customer, count, django_assert_num_queries):
    record_in_feed([item(customer) for _ in range(count)])

    with django_assert_num_queries(2):
        assert len(sentences("workspace-1", ("channel-1",), 10, hidden_ids={0})) == count


def test_what_was_shown_up_to_an_entry_is_told_by_its_ids(customer):
    record_in_feed([item(customer), item(customer, audience="channel-7"), item(customer, audience="channel-8")])
    record_in_feed([item(customer, "workspace-2"), item(customer), item(customer)])
    first, private, *_, fifth, sixth = FeedEntry.objects.order_by("id").values_list("pk", flat=True)

    assert entry_ids_up_to("workspace-1", ("channel-7",), fifth, 10) == [fifth, private, first]
    assert entry_ids_up_to("workspace-1", ("channel-7",), fifth, 2) == [fifth, private]
    assert entry_ids_up_to("workspace-1", (), 2**63 - 1, 10) == [sixth, fifth, first]
    assert entry_ids_up_to("workspace-1", (), 0, 10) == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite tells of its plans in other words")
@pytest.mark.parametrize(
    "read",
    [
        lambda: feed_page("workspace-1", ("channel-7",), 10),
        lambda: feed_after("workspace-1", ("channel-7",), 10, 0),
        lambda: entry_ids_up_to("workspace-1", ("channel-7",), 100, 10),
    ],
)
def test_a_feed_is_read_by_its_own_index_however_much_others_were_given(plan_of, read):
    plan = plan_of(read, without=["seqscan", "sort"])

    assert plan.count("feed_latest_first_an_audience") == 2
    assert "activity_feedentry_pkey" not in plan


def test_a_summary_that_is_too_long_is_cut(customer):
    record_in_feed([item(customer, summary="x" * 300)])

    assert feed_page("workspace-1", (), 1)[0].summary == "x" * 255


@pytest.mark.parametrize("old", [0, 3, PURGED_AT_ONCE + 1])
def test_what_is_older_than_thirteen_months_goes(customer, old):
    now = timezone.now()
    record_in_feed([item(customer) for _ in range(old + 2)])
    newest = [entry.pk for entry in feed_page("workspace-1", (), 2)]
    FeedEntry.objects.exclude(pk__in=newest).update(at=now - timedelta(days=397))
    FeedEntry.objects.filter(pk__in=newest).update(at=now - timedelta(days=395))

    assert purge_feeds() == old

    assert [entry.pk for entry in feed_page("workspace-1", (), 10)] == newest


def test_who_asks_is_given_what_they_did(customer, stranger):
    record_in_feed([item(customer, summary="sent a message in #general"), item(stranger)])
    [entry] = feed_page("workspace-1", (), 1, hidden_ids={stranger.pk})

    assert export_account(customer)["feed"] == [
        {"at": entry.at, "feed": "workspace-1", "type": "tried", "summary": "sent a message in #general"}
    ]
