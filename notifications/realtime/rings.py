"""What processes tell each other of inboxes: whose has changed."""

from collections.abc import Iterable

from core.realtime.doorbell import Ring
from core.realtime.exchange import ring_everywhere


def group_of(user_id: int) -> str:
    return f"notifications.user-{user_id}"


def user_of(ring: Ring) -> int:
    user_id: int = ring["user"]
    return user_id


def ring_for(user_ids: Iterable[int]) -> None:
    """Told from any thread and any process, once it is stored."""
    for user_id in user_ids:
        ring_everywhere(group_of(user_id), {"user": user_id})
