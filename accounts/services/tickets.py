"""Single-use tickets for WebSockets: what stands in a URL may be seen, so it is worth nothing a moment later."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts.errors import TicketInvalid
from accounts.models import Session, SocketTicket
from core.seal import keyed_hash

LIFETIME = timedelta(seconds=30)


@dataclass(frozen=True)
class IssuedTicket:
    """The ticket itself is kept nowhere; `expires_in` is in seconds."""

    ticket: str
    expires_in: int


@dataclass(frozen=True)
class RedeemedTicket:
    """Whose it was, and until when the socket it opens may live."""

    session: Session
    access_expires_at: datetime


def issue_ticket(*, session_id: UUID, access_expires_at: datetime) -> IssuedTicket:
    """A ticket that opens one socket within 30 seconds. `access_expires_at` is the asking token's."""
    ticket = secrets.token_urlsafe(32)
    SocketTicket.objects.create(
        hash=_hash(ticket),
        session_id=session_id,
        expires_at=timezone.now() + LIFETIME,
        access_expires_at=access_expires_at,
    )
    return IssuedTicket(ticket, int(LIFETIME.total_seconds()))


def redeem_ticket(ticket: str) -> RedeemedTicket:
    """Use a ticket up: of two who come with it, one deletes it. Raises TicketInvalid.

    That its session is still live is for the caller to look at.
    """
    stored = SocketTicket.objects.select_related("session__user").filter(hash=_hash(ticket)).first()
    if stored is None or not SocketTicket.objects.filter(pk=stored.pk).delete()[0]:
        raise TicketInvalid
    if stored.expires_at <= timezone.now():
        raise TicketInvalid
    return RedeemedTicket(stored.session, stored.access_expires_at)


def purge_tickets() -> int:
    """Forget those nobody used. Returns how many."""
    return SocketTicket.objects.filter(expires_at__lt=timezone.now()).delete()[0]


def _hash(ticket: str) -> str:
    return keyed_hash("socket-ticket", ticket)
