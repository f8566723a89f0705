"""What a venue is billed for."""

from django.db import transaction

from accounts.models import User
from billing.models import Subscription
from billing.services.subscriptions import TRIAL_DAYS, open_subscriber, start_subscription
from core.errors import NotFound
from venues.errors import VenueUnknown
from venues.models import Venue
from venues.services.locks import lock_venue


@transaction.atomic
def subscribe_venue(
    *, venue_id: int, plan_id: int, trial_days: int = TRIAL_DAYS, coupon: str = "", by: User
) -> Subscription:
    """As billing's `start_subscription`. The venue's row is locked: its first one makes it a subscriber, once.

    Raises VenueUnknown and what `start_subscription` raises.
    """
    try:
        venue = lock_venue(venue_id)
    except NotFound:
        raise VenueUnknown from None
    if venue.status == Venue.Status.CLOSED:
        raise VenueUnknown
    if venue.subscriber is None:
        venue.subscriber = open_subscriber(name=venue.name)
        venue.save(update_fields=["subscriber"])
    return start_subscription(subscriber=venue.subscriber, plan_id=plan_id, trial_days=trial_days, coupon=coupon, by=by)
