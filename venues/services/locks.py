"""The locks of venues. SQLite has none for rows: there a transaction that writes has the database to itself."""

from core.errors import NotFound
from venues.models import Venue


def lock_venue(venue_id: int) -> Venue:
    """The venue as stored, held to the end of the transaction. Others may still write rows that refer to it."""
    venue = Venue.objects.select_for_update(no_key=True, of=("self",)).filter(pk=venue_id).first()
    if venue is None:
        raise NotFound
    return venue
