"""Jobs of billing. A task calls one service."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from billing.services.subscriptions import settle_periods_that_ended


@db_periodic_task(crontab(minute="*/10"))
def settle_subscriptions() -> None:
    settle_periods_that_ended()
