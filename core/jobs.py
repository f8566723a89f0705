"""Jobs name a row that is already stored; the row, not the queue, is what must not be lost.

A task is declared in its app's `tasks.py`: with `huey.contrib.djhuey` when it names a row, with `scheduled` when the
clock asks for it. Whatever a lost job would leave undone is found again by that app's scheduled sweep.
"""

import logging
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from django.utils import timezone
from huey import crontab
from huey.contrib.djhuey import HUEY, db_task
from redis.exceptions import RedisError

from core.models import Job
from core.schedule import Schedule, claim_due

log = logging.getLogger(__name__)

# What runs every minute wherever a consumer is.
HEARTBEAT = "core.queue_due_jobs"
RETRIES = 2
RETRY_AFTER_SECONDS = 60

_scheduled: dict[str, tuple[Any, Schedule]] = {}


class Task(Protocol):
    """What `db_task` makes of a function of one row's id."""

    def s(self, row_id: int, *, eta: datetime | None = None) -> object: ...


def enqueue(task: Task, row_id: int, *, at: datetime | None = None) -> None:
    """Queue a task for a stored row, to run now or not before `at`.

    Call it after commit. With the queue away nothing is raised: the sweep will find the row.
    """
    later = at if at is not None and at > timezone.now() else None
    try:
        HUEY.enqueue(task.s(row_id, eta=later))
    except (RedisError, sqlite3.Error, OSError) as trouble:
        log.warning("job queue is away (%s): left to the sweep", type(trouble).__name__)


def scheduled(*, minute: str = "*", hour: str = "*") -> Callable[[Callable[[], None]], Any]:
    """Run at these minutes and hours (UTC, as crontab writes them), once for all consumers together.

    A run that was missed, since no consumer was there or one died over it, is made up for by the next that is. It must
    do no harm to run twice.
    """

    def declare(function: Callable[[], None]) -> Any:
        task = db_task(retries=RETRIES, retry_delay=RETRY_AFTER_SECONDS)(function)
        schedule = Schedule(job_name(function), f"{minute} {hour}", crontab(minute=minute, hour=hour))
        _scheduled[schedule.name] = task, schedule
        return task

    return declare


def queue_due_jobs() -> None:
    """Queue each scheduled job whose time has come since it was last queued."""
    due = claim_due([schedule for _, schedule in _scheduled.values()], at=timezone.now())
    for name in due:
        task, _ = _scheduled[name]
        HUEY.enqueue(task.s())


def job_name(function: Callable[..., object]) -> str:
    """`accounts.purge_accounts` for that function of `accounts.tasks`."""
    return f"{function.__module__.partition('.')[0]}.{function.__name__}"


def job_records() -> list[Job]:
    """All there are: no more than there are names of tasks."""
    return list(Job.objects.all())


def find_job(name: str) -> Job | None:
    return Job.objects.filter(name=name).first()


def is_scheduled(name: str) -> bool:
    return name in _scheduled
