from accounts.events import AccountAnonymised
from accounts.services.privacy import register_export_section
from activity.services import Target, record_activity
from billing.events import SubscriptionEnding, SubscriptionStarted, SubscriptionStatusChanged
from billing.selectors import get_subscription
from core.events import with_it
from notifications.kinds import register_kind
from venues.errors import VenueUnknown
from venues.events import VenueCreated, VenueStatusChanged
from venues.exports import presence_section, scans_section, visits_section
from venues.models import Venue
from venues.selectors import find_venue_of_subscriber, get_venue_name
from venues.services import owner_news
from venues.services.presence import end_presence
from venues.services.subscriptions import unsubscribe_venue

for kind in (owner_news.SUBSCRIPTION_ENDING, owner_news.SUBSCRIPTION_STATUS, owner_news.VENUE_STATUS):
    register_kind(kind)

register_export_section("presence", presence_section)
register_export_section("visits", visits_section)
register_export_section("scans", scans_section)


@with_it(AccountAnonymised)
def forget_where_they_are(event: AccountAnonymised) -> None:
    end_presence(event.user_id)


@with_it(SubscriptionStarted)
def subscribe_no_closed_venue(event: SubscriptionStarted) -> None:
    """Wherever it was started. Raises VenueUnknown."""
    venue = find_venue_of_subscriber(get_subscription(event.subscription_id).subscriber_id)
    if venue is not None and venue.status == Venue.Status.CLOSED:
        raise VenueUnknown


@with_it(SubscriptionEnding)
def remind_the_owner(event: SubscriptionEnding) -> None:
    owner_news.remind_of_end(subscription_id=event.subscription_id, ends_at=event.ends_at)


@with_it(SubscriptionStatusChanged)
def tell_the_owner_of_the_subscription(event: SubscriptionStatusChanged) -> None:
    owner_news.tell_of_subscription_status(subscription_id=event.subscription_id, by_id=event.by_id)


@with_it(VenueStatusChanged)
def tell_the_owner_of_the_status(event: VenueStatusChanged) -> None:
    owner_news.tell_of_venue_status(venue_id=event.venue_id, by_id=event.by_id)


@with_it(VenueCreated)
def write_down_the_venue(event: VenueCreated) -> None:
    summary = f"Created the venue {get_venue_name(event.venue_id)}"
    record_activity(type="venue_created", actor_id=event.by_id, summary=summary, target=_venue(event.venue_id))


@with_it(VenueStatusChanged)
def write_down_the_status(event: VenueStatusChanged) -> None:
    record_activity(
        type="venue_status_changed",
        actor_id=event.by_id,
        summary=f"Changed a venue's status from {event.old} to {event.new}",
        target=_venue(event.venue_id),
    )


@with_it(VenueStatusChanged)
def cancel_what_a_closed_venue_subscribed(event: VenueStatusChanged) -> None:
    if event.new == Venue.Status.CLOSED:
        unsubscribe_venue(venue_id=event.venue_id, by_id=event.by_id)


def _venue(venue_id: int) -> Target:
    return Target("venue", venue_id)
