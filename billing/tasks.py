"""Jobs of billing. A task calls one service."""

from billing.services.reminders import remind_of_ends
from billing.services.subscriptions import settle_periods_that_ended
from core.jobs import scheduled


@scheduled(minute="*/10")
def settle_subscriptions() -> None:
    settle_periods_that_ended()


@scheduled(minute="23")
def remind_subscribers() -> None:
    """Every hour, so that a trial of a week or less is told of on its first day."""
    remind_of_ends()
