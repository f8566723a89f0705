"""Jobs of analytics."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from analytics import services


@db_periodic_task(crontab(minute="5,35"))
def close_days() -> None:
    """Twice an hour rather than every night: a missed night is made up for soon, and there is seldom anything to do."""
    services.close_days()
