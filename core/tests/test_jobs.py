import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from huey.api import Huey
from huey.contrib.djhuey import HUEY, db_task
from huey.storage import MemoryStorage, RedisStorage, SqliteStorage

from core import tasks
from core.job_runs import purge_runs, record_run
from core.jobs import enqueue
from core.models import Job, JobRun, RateWindow
from core.request_context import request_id

committed = pytest.mark.django_db(transaction=True, serialized_rollback=True)
RAN: list[int] = []
TROUBLES: list[Exception] = []


@db_task()
def note(row_id: int) -> None:
    RAN.append(row_id)


@db_task(retries=2)
def stumble(row_id: int) -> None:
    if TROUBLES:
        raise TROUBLES.pop()
    RAN.append(row_id)


@db_task()
def look_at_the_database(row_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    RAN.append(row_id)


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()
    TROUBLES.clear()


@pytest.fixture
def queue() -> Iterator[Huey]:
    """The queue as a server has it: jobs wait for a worker."""
    HUEY.immediate = False
    HUEY.storage = MemoryStorage()
    yield HUEY
    HUEY.immediate = True


def work_off(queue: Huey) -> None:
    """On a thread of its own, as a worker is: after a job it closes its thread's database connection."""

    def work() -> None:
        while (task := queue.dequeue()) is not None:
            queue.execute(task)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


@committed
def test_job_waits_for_a_worker(queue):
    enqueue(note, 7)
    before = list(RAN)

    work_off(queue)

    assert (before, RAN) == ([], [7])


def test_job_for_later_is_not_run_before(queue):
    enqueue(note, 7, at=timezone.now() + timedelta(minutes=5))

    queue.execute(queue.dequeue())

    assert RAN == []
    assert queue.scheduled_count() == 1


def test_job_that_is_due_runs_now():
    enqueue(note, 7, at=timezone.now() - timedelta(minutes=5))

    assert RAN == [7]


@pytest.mark.parametrize("kind", ["redis", "sqlite"])
def test_job_is_left_to_the_sweep_while_the_queue_is_away(queue, kind, tmp_path, caplog):
    if kind == "redis":
        queue.storage, trouble = RedisStorage(url="redis://127.0.0.1:1/0?socket_timeout=1"), "ConnectionError"
    else:
        queue.storage, trouble = SqliteStorage(filename=tmp_path / "jobs.sqlite3"), "OperationalError"
        queue.storage.sql("drop table task", commit=True)

    enqueue(note, 7)
    queue.storage.close()

    assert RAN == []
    assert f"job queue is away ({trouble}): left to the sweep" in caplog.text


def test_job_that_raises_is_tried_again(job_failures):
    first, second = ValueError("first"), ValueError("second")
    TROUBLES.extend([second, first])

    enqueue(stumble, 7)

    assert RAN == [7]
    assert job_failures == [first, second]
    job_failures.clear()


@committed
def test_worker_gives_its_database_connection_back(queue):
    left_open = []

    def work() -> None:
        queue.execute(queue.dequeue())
        left_open.append(connection.connection)

    enqueue(look_at_the_database, 7)
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()

    assert RAN == [7]
    assert left_open == [None]


@committed
def test_a_run_is_recorded(queue, job_failures):
    TROUBLES.extend([ValueError("canary@example.com")] * 3)
    enqueue(note, 7)
    enqueue(stumble, 7)

    work_off(queue)

    done, failed = Job.objects.get(name="core.note"), Job.objects.get(name="core.stumble")
    assert (done.result, done.runs, done.failures, done.last_error) == ("done", 1, 0, "")
    assert (failed.result, failed.runs, failed.failures, failed.last_error) == ("failed", 3, 3, "ValueError")
    assert (done.succeeded_at, failed.succeeded_at) == (done.ended_at, None)
    assert [(run.job_id, run.error) for run in JobRun.objects.all()] == [("core.stumble", "ValueError")] * 3
    job_failures.clear()


@committed
def test_a_jobs_lines_carry_its_id(queue):
    def look() -> None:
        seen.append(request_id.get())

    seen: list[str] = []
    task = db_task()(look).s()
    queue.enqueue(task)

    work_off(queue)
    look()

    assert seen == [task.id, "-"]


@pytest.mark.django_db
def test_runs_add_up():
    record_run("core.note", seconds=0.25, error="ValueError")
    record_run("core.note", seconds=0.5)

    job = Job.objects.get()
    assert (job.runs, job.failures, job.seconds, job.last_seconds) == (2, 1, 0.75, 0.5)
    assert (job.result, job.last_error) == ("done", "ValueError")


@pytest.mark.django_db
def test_every_run_of_what_has_a_schedule_makes_history(queue):
    record_run("core.purge_kernel", seconds=0.5)
    record_run("core.note", seconds=0.5)

    assert [run.job_id for run in JobRun.objects.all()] == ["core.purge_kernel"]


@pytest.mark.django_db
def test_history_is_bounded(monkeypatch):
    monkeypatch.setattr("core.job_runs.RUNS_KEPT", 2)
    for name in ("core.purge_kernel", "accounts.purge_accounts"):
        for number in range(4):
            record_run(name, seconds=number)

    assert purge_runs() == 4
    assert sorted(run.seconds for run in JobRun.objects.all()) == [2, 2, 3, 3]


@committed
def test_recording_stands_back_while_the_database_is_away(queue, monkeypatch, caplog):
    """The job is done all the same."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_job RENAME TO core_job_away")
    try:
        enqueue(note, 7)
        work_off(queue)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE core_job_away RENAME TO core_job")

    assert RAN == [7]
    assert "cannot record a run of core.note: " in caplog.text


@pytest.mark.django_db
def test_kernel_forgets_what_is_over():
    now = timezone.now()
    RateWindow.objects.create(key="old", started_at=now - timedelta(days=3), count=1)
    RateWindow.objects.create(key="new", started_at=now, count=1)

    tasks.purge_kernel.call_local()

    assert [window.key for window in RateWindow.objects.all()] == ["new"]
