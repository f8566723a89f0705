"""What somebody is told of a venue's group."""

from django.utils import timezone

from chat.events import Muted
from chat.models import Conversation
from notifications.kinds import Kind
from notifications.services import NewNotification, notify
from venues.selectors import get_venue_name

MUTE = Kind("mute", "You are muted in a venue's group", email=False)


def tell_of_mute(muted: Muted) -> None:
    """Not by whom, and not how long: that may change, and whoever writes is told. One that is renewed over and over is
    told of once for each day on which it could end.
    """
    if muted.until <= timezone.now():
        return
    venue_id = Conversation.objects.values_list("venue", flat=True).get(pk=muted.conversation_id)
    assert venue_id is not None
    notify(
        [
            NewNotification(
                recipient_id=muted.user_id,
                kind=MUTE.name,
                message=f"You are muted in the group of {get_venue_name(venue_id)}",
                dedupe_key=f"mute:{muted.conversation_id}:{muted.until:%Y-%m-%d}",
                details={"venue_id": venue_id},
            )
        ]
    )
