"""What a venue's dashboard shows at a glance. "Today" is the venue's own day."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import User
from chat.selectors.history import messages_of_venue
from offers.models import Offer, Redemption
from offers.selectors import offers_at, offers_open_at, redemptions_at, top_offers_at
from venues.models import Venue, Visit
from venues.selectors import get_managed_venue, presences_at, scans_of, visits_to

SHOWN = 10


@dataclass(frozen=True)
class VenueOverview:
    venue: Venue
    customers_now: int
    customers_total: int
    active_offers: int
    offers_total: int
    redemptions_today: int
    redemptions_total: int
    scans_today: int
    messages_today: int
    recent_redemptions: list[Redemption]
    recent_customers: list[Visit]
    top_offers: list[Offer]


def venue_overview(user: User, venue_id: int) -> VenueOverview:
    """For the venue's owner and superusers. Raises NotFound for anyone else."""
    venue = get_managed_venue(user, venue_id)
    now = timezone.now()
    today = start_of_day(venue, now)
    redemptions = redemptions_at(venue)
    return VenueOverview(
        venue=venue,
        customers_now=presences_at(venue, at=now).count(),
        customers_total=visits_to(venue).values("user").distinct().count(),
        active_offers=offers_open_at(venue, at=now).count(),
        offers_total=offers_at(venue).count(),
        redemptions_today=redemptions.filter(redeemed_at__gte=today).count(),
        redemptions_total=redemptions.count(),
        scans_today=scans_of(venue).filter(scanned_at__gte=today).count(),
        messages_today=messages_of_venue(venue, since=today).count(),
        recent_redemptions=list(redemptions.select_related("offer", "customer")[:SHOWN]),
        recent_customers=list(visits_to(venue).select_related("user").order_by("-started_at", "-id")[:SHOWN]),
        top_offers=list(top_offers_at(venue)[:SHOWN]),
    )


def start_of_day(venue: Venue, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(venue.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
