"""Jobs name a row that is already stored; the row, not the queue, is what must not be lost.

A task is declared with `huey.contrib.djhuey` in its app's `tasks.py`. Whatever a lost job would leave undone is found
again by that app's periodic sweep.
"""

import logging
import sqlite3
from datetime import datetime
from typing import Protocol

from django.utils import timezone
from huey.contrib.djhuey import HUEY
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


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
