"""Jobs of the kernel."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from core import idempotency, job_runs, jobs, limits
from core.jobs import scheduled


@db_periodic_task(crontab(minute="*"))
def queue_due_jobs() -> None:
    """What drives every scheduled job: as soon as a consumer starts, and every minute from then on."""
    jobs.queue_due_jobs()


@scheduled(minute="7")
def purge_kernel() -> None:
    limits.purge_windows()
    idempotency.purge_answers()
    job_runs.purge_runs()
