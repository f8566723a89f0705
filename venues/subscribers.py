from accounts.events import AccountAnonymised
from accounts.services.privacy import register_export_section
from activity.services import Target, record_activity
from core.events import with_it
from venues.events import VenueCreated, VenueStatusChanged
from venues.exports import presence_section, scans_section, visits_section
from venues.selectors import get_venue_name
from venues.services.presence import end_presence

register_export_section("presence", presence_section)
register_export_section("visits", visits_section)
register_export_section("scans", scans_section)


@with_it(AccountAnonymised)
def forget_where_they_are(event: AccountAnonymised) -> None:
    end_presence(event.user_id)


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


def _venue(venue_id: int) -> Target:
    return Target("venue", venue_id)
