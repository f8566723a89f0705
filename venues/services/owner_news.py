"""What the owner of a venue is told of it, where it was not their own doing."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from billing.selectors import get_subscription
from notifications.kinds import Kind
from notifications.services import NewNotification, OwnMail, notify
from venues.models import Venue
from venues.selectors import find_venue_of_subscriber

SUBSCRIPTION_ENDING = Kind("subscription_ending", "Your venue's subscription is about to end")
SUBSCRIPTION_STATUS = Kind("subscription_status", "Your venue's subscription is paid, past due or cancelled")
VENUE_STATUS = Kind("venue_status", "Your venue is suspended, closed or opened again")


def remind_of_end(*, subscription_id: int, ends_at: datetime) -> None:
    """In a mail of its own too; not once the period has ended."""
    ending = get_subscription(subscription_id)
    venue = find_venue_of_subscriber(ending.subscriber_id)
    if venue is None:
        return
    mail = OwnMail(
        subject=f"Your subscription for {venue.name} ends on {ends_at.day} {ends_at:%B}",
        template="venues/mail/subscription_ending",
        context={"venue": venue.name, "plan": ending.plan, "ends_at": ends_at, "is_trial": ending.is_trial},
        expires_at=ends_at,
    )
    told = {"venue_id": venue.pk, "subscription_id": ending.pk}
    _tell(venue, SUBSCRIPTION_ENDING, mail.subject, f"{ending.pk}:{ends_at.isoformat()}", told, mail=mail)


def tell_of_subscription_status(*, subscription_id: int, by_id: int | None) -> None:
    changed = get_subscription(subscription_id)
    venue = find_venue_of_subscriber(changed.subscriber_id)
    if venue is not None and by_id != venue.owner_id:
        message = f"Your subscription for {venue.name} is {changed.get_status_display().lower()} now"
        told = {"venue_id": venue.pk, "subscription_id": changed.pk}
        _tell(venue, SUBSCRIPTION_STATUS, message, f"{changed.pk}:{timezone.now().isoformat()}", told)


def tell_of_venue_status(*, venue_id: int, by_id: int | None) -> None:
    venue = Venue.objects.get(pk=venue_id)
    if by_id != venue.owner_id:
        message = f"{venue.name} is {venue.get_status_display().lower()} now"
        _tell(venue, VENUE_STATUS, message, f"{venue.pk}:{timezone.now().isoformat()}", {"venue_id": venue.pk})


def _tell(
    venue: Venue, kind: Kind, message: str, once: str, details: Mapping[str, object], *, mail: OwnMail | None = None
) -> None:
    """Unless it is nobody's."""
    if venue.owner_id is not None:
        key = f"{kind.name}:{once}"
        notify([NewNotification(venue.owner_id, kind.name, message, dedupe_key=key, details=details, mail=mail)])
