"""Jobs of activity."""

from activity import services
from core.jobs import scheduled


@scheduled(minute="47", hour="3")
def purge_feeds() -> None:
    services.purge_feeds()
