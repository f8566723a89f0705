"""Jobs of analytics."""

from analytics import services
from core.jobs import scheduled


@scheduled(minute="5")
def close_days() -> None:
    """Every hour rather than every night: but for the first one after midnight there is nothing to do."""
    services.close_days()
