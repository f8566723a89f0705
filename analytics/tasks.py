"""Jobs of analytics."""

from huey.contrib.djhuey import db_task

from analytics import services
from analytics.days import day_of
from billing.selectors import get_payment
from core.jobs import scheduled


@scheduled(minute="5")
def close_days() -> None:
    """Every hour rather than every night: but for the first one after midnight there is nothing to do."""
    services.close_days()


@db_task(retries=3, retry_delay=5)
def count_again_when_paid(payment_id: int) -> None:
    services.count_again(day_of(get_payment(payment_id).paid_at))
