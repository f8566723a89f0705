"""Jobs of the kernel."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from core import idempotency, limits


@db_periodic_task(crontab(minute="7"))
def purge_kernel() -> None:
    """Every hour rather than every night: a missed hour is made up for soon, a machine that sleeps at night never."""
    limits.purge_windows()
    idempotency.purge_answers()
