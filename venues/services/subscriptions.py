"""What a venue is billed for."""

from django.db import transaction

from accounts.models import User
from billing.models import Subscription
from billing.services.subscriptions import (
    TRIAL_DAYS,
    cancel_live_subscription,
    open_subscriber,
    start_subscription,
)
from core.errors import NotFound
from venues.errors import VenueUnknown
from venues.models import Venue
from venues.services.locks import lock_venue


@transaction.atomic
def subscribe_venue(
    *, venue_id: int, plan_id: int, trial_days: int = TRIAL_DAYS, coupon: str = "", by: User
) -> Subscription:
    """As billing's `start_subscription`. The venue's row is locked: its first one makes it a subscriber, once.

    Raises VenueUnknown, also of one that is closed, and what `start_subscription` raises.
    """
    try:
        venue = lock_venue(venue_id)
    except NotFound:
        raise VenueUnknown from None
    if venue.subscriber is None:
        venue.subscriber = open_subscriber(name=venue.name)
        venue.save(update_fields=["subscriber"])
    return start_subscription(subscriber=venue.subscriber, plan_id=plan_id, trial_days=trial_days, coupon=coupon, by=by)


def unsubscribe_venue(*, venue_id: int, by_id: int | None) -> None:
    """It is billed no longer, if it was. One that opens again is subscribed anew."""
    subscriber_id = Venue.objects.values_list("subscriber_id", flat=True).get(pk=venue_id)
    if subscriber_id is not None:
        cancel_live_subscription(subscriber_id=subscriber_id, by_id=by_id)
