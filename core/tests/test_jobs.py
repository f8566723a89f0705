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
from core.jobs import enqueue
from core.models import RateWindow

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


@pytest.mark.django_db
def test_job_waits_for_a_worker(queue):
    enqueue(note, 7)
    before = list(RAN)

    # On a thread of its own, as a worker is: after a job it closes its thread's database connection.
    worker = threading.Thread(target=lambda: queue.execute(queue.dequeue()))
    worker.start()
    worker.join()

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


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_kernel_forgets_what_is_over():
    now = timezone.now()
    RateWindow.objects.create(key="old", started_at=now - timedelta(days=3), count=1)
    RateWindow.objects.create(key="new", started_at=now, count=1)

    tasks.purge_kernel.call_local()

    assert [window.key for window in RateWindow.objects.all()] == ["new"]
