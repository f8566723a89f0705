"""Sums of closed days are kept in a process; what is shown is what is stored, whoever changed it."""

import uuid
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import transaction

from accounts.models import User, UserType
from analytics.days import Span
from analytics.figures import Asked, by_month, closed_days, in_all
from analytics.kept import Kept, begin_edition
from analytics.models import DailyRollup, Metric, MonthlyRollup, RollupEdition, Scope
from analytics.services import close_days, count_again
from analytics.sources import Key
from analytics.tests.histories import History
from conftest import ApiClient

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=200)
SCANS = Asked(Scope.PLATFORM, (Metric.SCANS,))
SHOWN = Span(date(2025, 4, 1), date(2026, 3, 31))


@pytest.fixture
def history(db):
    with time_machine.travel(NOW, tick=False):
        yield History()


@pytest.fixture
def root(history):
    return ApiClient(
        User.objects.create(
            username="root", email="root@example.com", user_type_id=UserType.SUPERUSER, is_superuser=True
        )
    )


def sums(*values):
    return Counter({Key(date(2026, 1, n + 1), Metric.SCANS, Scope.PLATFORM): value for n, value in enumerate(values)})


def scans_shown(root):
    return sum(month["scans"] for month in root.get("/superuser/analytics/").json())


def test_a_day_that_is_counted_again_is_shown_at_once(root, history):
    close_days()
    before = scans_shown(root)
    history.scan(LONG_AGO)
    unseen = scans_shown(root)

    count_again(LONG_AGO.date(), Metric.SCANS)

    assert (before, unseen, scans_shown(root)) == (0, 0, 1)


def test_what_another_process_changes_is_shown_at_once(root, history):
    """It writes the rows and names another edition: nothing tells this process."""
    close_days()
    before = scans_shown(root)
    MonthlyRollup.objects.filter(scope="platform", metric="scans", month="2025-09-01").update(value=5)
    unseen = scans_shown(root)

    RollupEdition.objects.update(name=uuid.uuid4())

    assert (before, unseen, scans_shown(root)) == (0, 0, 5)


def test_what_was_taken_back_is_not_shown(root, history):
    close_days()
    before = scans_shown(root)
    with transaction.atomic():
        history.scan(LONG_AGO)
        count_again(LONG_AGO.date(), Metric.SCANS)
        within = scans_shown(root)
        transaction.set_rollback(True)
    after = scans_shown(root)

    history.scan(LONG_AGO)
    history.scan(LONG_AGO)
    count_again(LONG_AGO.date(), Metric.SCANS)

    assert (before, within, after, scans_shown(root)) == (0, 1, 0, 2)


def test_what_happens_today_is_in_the_next_answer(root, history):
    close_days()
    before = scans_shown(root)

    history.scan(NOW - timedelta(hours=1))

    assert (before, scans_shown(root)) == (0, 1)


def test_days_whose_rollups_are_deleted_are_counted_from_their_rows(root, history):
    close_days()
    before = scans_shown(root)
    history.scan(NOW - timedelta(days=3))

    DailyRollup.objects.filter(day__gte=(NOW - timedelta(days=5)).date()).delete()

    assert (before, scans_shown(root)) == (0, 1)


def test_closed_days_are_read_once_however_often_they_are_asked_for(history, django_assert_num_queries):
    history.scan(LONG_AGO)
    close_days()
    over = Span(SHOWN.first, date(2026, 3, 30))
    closed = closed_days()

    with django_assert_num_queries(3):
        first = [by_month(SCANS, over, closed), in_all(SCANS, over, closed)]
    with django_assert_num_queries(0):
        again = [by_month(SCANS, over, closed), in_all(SCANS, over, closed)]

    assert first == again
    assert [sum(each.values()) for each in again] == [1, 1]


def test_who_changes_what_they_were_given_changes_nothing_else(history):
    history.scan(LONG_AGO)
    close_days()
    given = by_month(SCANS, SHOWN, closed_days())

    given.clear()

    assert sum(by_month(SCANS, SHOWN, closed_days()).values()) == 1


def test_an_edition_is_named_anew_each_time(db):
    names = set()
    for _ in range(3):
        begin_edition()
        names.add(RollupEdition.objects.get().name)

    assert len(names) == 3


def test_closing_days_that_are_as_they_were_names_no_other_edition(history):
    close_days()
    name = RollupEdition.objects.get().name

    changed = count_again((NOW - timedelta(days=3)).date(), Metric.SCANS)

    assert (changed, RollupEdition.objects.get().name) == (0, name)


def test_no_more_figures_are_kept_than_there_is_room_for():
    kept = Kept(room=9)
    for number in range(20):
        kept.sums("edition", number, lambda: sums(1, 2, 3))
        assert len(kept) <= 9

    asked = []
    for number in (19, 18, 17, 16):
        kept.sums("edition", number, lambda: asked.append(True) or sums(1))

    assert asked == [True]


def test_what_would_take_most_of_the_room_is_not_kept():
    kept = Kept(room=8)

    found = kept.sums("edition", "all venues", lambda: sums(1, 2, 3))

    assert (found, len(kept)) == (sums(1, 2, 3), 0)


def test_another_edition_leaves_nothing_of_the_one_before():
    kept = Kept(room=9)
    kept.sums("one", "scans", lambda: sums(1))

    found = kept.sums("another", "scans", lambda: sums(2))

    assert (found, kept.sums("one", "scans", lambda: sums(3))) == (sums(2), sums(3))


def test_nothing_is_kept_where_there_is_no_edition():
    kept = Kept()
    answers = [kept.sums(None, "scans", lambda number=number: sums(number)) for number in (1, 2)]

    assert answers == [sums(1), sums(2)]


def test_threads_that_ask_at_once_are_all_answered():
    kept, together, found = Kept(room=30), Barrier(4), []

    def ask():
        together.wait(5)
        for number in range(200):
            found.append(kept.sums(number % 2, number % 5, lambda: sums(1)) == sums(1))

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(found), all(found), len(kept) <= 30) == (800, True, True)
