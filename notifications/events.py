"""What notifications announces."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class MailQueued:
    """A mail waits to be sent, not before `due_at`."""

    mail_id: int
    due_at: datetime


@dataclass(frozen=True)
class InboxesChanged:
    """These users have something new in their inboxes, or have read what was there."""

    user_ids: frozenset[int]
