"""How jobs went: told by the queue where it is worked off, stored for the admin and for metrics."""

import logging
import time
from contextvars import Token
from typing import Any

from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from huey.contrib.djhuey import HUEY
from huey.signals import SIGNAL_COMPLETE, SIGNAL_ERROR, SIGNAL_EXECUTING

from core.jobs import is_scheduled
from core.models import Job, JobRun
from core.request_context import request_id

log = logging.getLogger(__name__)

RUNS_KEPT = 200

_running: dict[str, tuple[float, Token[str]]] = {}


@transaction.atomic
def record_run(name: str, *, seconds: float, error: str = "") -> None:
    """`error` is what it failed with, if it did; of a job without a schedule only failures make history."""
    now = timezone.now()
    changes: dict[str, Any] = {
        "ended_at": now,
        "last_seconds": seconds,
        "seconds": F("seconds") + seconds,
        "runs": F("runs") + 1,
    }
    if error:
        changes |= {"result": Job.Result.FAILED, "last_error": error, "failures": F("failures") + 1}
    else:
        changes |= {"result": Job.Result.DONE, "succeeded_at": now}
    if not Job.objects.filter(name=name).update(**changes):
        Job.objects.bulk_create([Job(name=name)], ignore_conflicts=True)
        Job.objects.filter(name=name).update(**changes)
    if error or is_scheduled(name):
        JobRun.objects.create(job_id=name, ended_at=now, seconds=seconds, error=error)


def purge_runs() -> int:
    """Forget all but the latest of each job. Returns how many."""
    rank = Window(RowNumber(), partition_by="job", order_by="-id")
    old = JobRun.objects.annotate(rank=rank).filter(rank__gt=RUNS_KEPT)
    return JobRun.objects.filter(pk__in=old.values("pk")).delete()[0]


@HUEY.signal(SIGNAL_EXECUTING)  # type: ignore[untyped-decorator]
def _note_start(signal: str, task: Any) -> None:
    """What a job logs carries its id, in the place of a request's."""
    if not HUEY.immediate:
        _running[task.id] = time.monotonic(), request_id.set(task.id)


@HUEY.signal(SIGNAL_COMPLETE, SIGNAL_ERROR)  # type: ignore[untyped-decorator]
def _note_end(signal: str, task: Any, failure: Exception | None = None) -> None:
    """Only its kind is kept of a failure: a message may quote what a client sent."""
    if task.id not in _running:
        return
    started, token = _running.pop(task.id)
    seconds = time.monotonic() - started
    name = f"{type(task).__module__.partition('.')[0]}.{task.name}"
    try:
        record_run(name, seconds=seconds, error=type(failure).__name__ if failure is not None else "")
    except DatabaseError as trouble:
        log.warning("cannot record a run of %s: %s", name, type(trouble).__name__)
    finally:
        close_old_connections()
        request_id.reset(token)
