"""Where a scanned code leads."""

from dataclasses import dataclass

from django.utils import timezone

from chat.models import SocketLease
from venues.models import VarId, Venue
from venues.selectors import get_current_var_id


@dataclass(frozen=True)
class Welcome:
    """`online` are the people whose phones are in the venue's group now."""

    var_id: VarId
    online: int


def welcome_to(var_id: str) -> Welcome:
    """Raises VarIdNotCurrent."""
    current = get_current_var_id(var_id)
    return Welcome(current, _count_online_at(current.venue))


def _count_online_at(venue: Venue) -> int:
    leases = SocketLease.objects.filter(conversation__venue=venue, expires_at__gt=timezone.now())
    return leases.values("user").distinct().count()
