from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from huey import crontab
from huey.contrib.djhuey import HUEY
from huey.storage import MemoryStorage

from core.job_runs import record_run
from core.jobs import HEARTBEAT, job_name, queue_due_jobs
from core.models import Job
from core.schedule import Schedule, claim_due, in_words
from core.tasks import queue_due_jobs as heartbeat

NIGHTLY = Schedule("core.nightly", "17 3", crontab(minute="17", hour="3"))
HOURLY = Schedule("core.hourly", "7 *", crontab(minute="7"))
MINUTELY = Schedule("core.minutely", "* *", crontab())


def at(hour: int, minute: int, second: int = 0, *, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def end(name: str, moment: datetime) -> None:
    Job.objects.filter(name=name).update(ended_at=moment)


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        (NIGHTLY, at(3, 17, 59), at(3, 17)),
        (NIGHTLY, at(3, 16, 59), at(3, 17, day=9)),
        (NIGHTLY, at(12, 0), at(3, 17)),
        (HOURLY, at(0, 6), at(23, 7, day=9)),
        (MINUTELY, at(0, 0, 1), at(0, 0)),
    ],
)
def test_the_minute_that_is_due_is_the_latest_that_has_begun(schedule, now, due):
    assert schedule.last_due(now) == due


@pytest.mark.django_db
def test_each_minute_of_a_schedule_is_claimed_once():
    asked = [at(3, 17, 5), at(3, 17, 40), at(3, 18), at(3, 17, 1, day=11)]

    assert [claim_due([NIGHTLY], at=moment) for moment in asked] == [["core.nightly"], [], [], ["core.nightly"]]


@pytest.mark.django_db
def test_what_was_missed_while_no_consumer_was_there_is_made_up_for_once():
    claim_due([NIGHTLY], at=at(3, 17))
    end("core.nightly", at(3, 18))

    assert claim_due([NIGHTLY], at=at(9, 30, day=13)) == ["core.nightly"]
    assert claim_due([NIGHTLY], at=at(9, 31, day=13)) == []


@pytest.mark.django_db
def test_what_died_with_its_worker_is_queued_again_after_an_hour():
    claim_due([NIGHTLY], at=at(3, 17))

    assert claim_due([NIGHTLY], at=at(4, 16)) == []
    assert claim_due([NIGHTLY], at=at(4, 18)) == ["core.nightly"]
    end("core.nightly", at(4, 19))
    assert claim_due([NIGHTLY], at=at(6, 0)) == []


@pytest.mark.django_db
def test_a_new_job_is_known_by_its_schedule_and_an_old_one_keeps_its_record():
    claim_due([NIGHTLY], at=at(3, 17))
    record_run("core.nightly", seconds=1)

    claim_due([Schedule("core.nightly", "20 4", crontab(minute="20", hour="4")), HOURLY], at=at(3, 18))

    assert [(job.name, job.schedule, job.runs) for job in Job.objects.all()] == [
        ("core.hourly", "7 *", 0),
        ("core.nightly", "20 4", 1),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_asking_takes_a_query_for_each_schedule_and_one_for_all(django_assert_num_queries, count):
    schedules = [Schedule(f"core.job_{number}", "* *", crontab()) for number in range(count)]

    with django_assert_num_queries(1 + count):
        claim_due(schedules, at=at(3, 17))


@pytest.mark.django_db
def test_a_consumer_that_starts_queues_everything_that_has_a_schedule():
    HUEY.immediate, HUEY.storage = False, MemoryStorage()
    try:
        queue_due_jobs()
        queued = {task.name for task in HUEY.pending()}
        HUEY.flush()
        queue_due_jobs()
        again = HUEY.pending_count()
    finally:
        HUEY.immediate = True

    assert {"purge_kernel", "purge_accounts", "purge_mails", "sweep_mails"} <= queued
    assert again == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "is_well"), [(None, False), (2, True), (4, False)])
def test_a_consumer_that_fell_silent_is_noticed(minutes, is_well):
    if minutes is not None:
        record_run(HEARTBEAT, seconds=0.1)
        Job.objects.update(succeeded_at=timezone.now() - timedelta(minutes=minutes))

    if is_well:
        call_command("check_jobs")
    else:
        with pytest.raises(CommandError, match="three minutes"):
            call_command("check_jobs")


def test_the_heartbeat_is_a_job_of_every_minute():
    (task,) = [task for task in HUEY.read_periodic(at(12, 34)) if task.name == HEARTBEAT.removeprefix("core.")]

    assert job_name(heartbeat.call_local) == HEARTBEAT
    assert task.validate_datetime(at(0, 0))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "when asked for"),
        ("* *", "every minute"),
        ("*/10 *", "every 10 minutes"),
        ("7 *", "hourly at :07"),
        ("17 3", "daily at 03:17 UTC"),
        ("*/10 3", "*/10 3"),
    ],
)
def test_a_schedule_is_told_in_words(pattern, words):
    assert in_words(pattern) == words
