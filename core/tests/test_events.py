from dataclasses import dataclass

import pytest
from django.db import transaction

from core import events
from core.models import RateWindow


@dataclass(frozen=True)
class Happened:
    what: str


@pytest.fixture
def heard(monkeypatch):
    """What reactions heard; those registered during the test are forgotten after it."""
    monkeypatch.setattr(events, "_in_transaction", events._in_transaction.copy())
    monkeypatch.setattr(events, "_after_commit", events._after_commit.copy())
    return []


@pytest.mark.django_db
def test_reactions_run_with_the_fact_and_after_its_commit(heard, django_capture_on_commit_callbacks):
    events.with_it(Happened)(lambda event: heard.append(("with it", event.what)))
    events.after_commit(Happened)(lambda event: heard.append(("after", event.what)))

    with django_capture_on_commit_callbacks(execute=True):
        events.announce(Happened("once"))
        assert heard == [("with it", "once")]

    assert heard == [("with it", "once"), ("after", "once")]


@pytest.mark.django_db
def test_a_fact_that_is_rolled_back_is_not_announced(heard, django_capture_on_commit_callbacks):
    events.after_commit(Happened)(heard.append)

    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        events.announce(Happened("never"))
        transaction.set_rollback(True)

    assert heard == []


@pytest.mark.django_db
def test_a_reaction_that_fails_with_the_fact_undoes_it(heard):
    @events.with_it(Happened)
    def refuse(event):
        raise LookupError

    @transaction.atomic
    def do():
        RateWindow.objects.create(key="fact", started_at="2026-01-01T00:00:00Z", count=1)
        events.announce(Happened("never"))

    with pytest.raises(LookupError):
        do()

    assert not RateWindow.objects.exists()


@pytest.mark.django_db
def test_a_reaction_that_fails_after_commit_disturbs_nobody(heard, caplog, django_capture_on_commit_callbacks):
    @events.after_commit(Happened)
    def stumble(event):
        raise LookupError

    events.after_commit(Happened)(heard.append)

    with django_capture_on_commit_callbacks(execute=True):
        events.announce(Happened("once"))

    assert heard == [Happened("once")]
    assert [record.getMessage().split(".")[-1] for record in caplog.records] == ["stumble failed after Happened"]


@pytest.mark.django_db
def test_only_the_events_own_type_is_heard(heard, django_capture_on_commit_callbacks):
    @dataclass(frozen=True)
    class HappenedAgain(Happened):
        pass

    events.with_it(Happened)(heard.append)

    events.announce(HappenedAgain("other"))

    assert heard == []
