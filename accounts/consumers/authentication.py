"""Who a socket is from, and for how long."""

from dataclasses import dataclass
from uuid import UUID

from accounts.errors import TicketInvalid
from accounts.models import User
from accounts.selectors import get_live_session, is_live
from accounts.services.tickets import redeem_ticket
from accounts.tokens import read_access_token
from core.surface.credentials import Credential
from core.threads import in_database_thread


@dataclass(frozen=True)
class SocketIdentity:
    """`expires_at` is the access token's, in seconds since the epoch; `token` is empty after a ticket."""

    user: User
    session_id: UUID
    token: str
    expires_at: float


async def identify(credential: Credential) -> SocketIdentity:
    """Raises TokenInvalid, TicketInvalid and SessionEnded."""
    if credential.kind == "ticket":
        return await in_database_thread(_by_ticket, credential.value)
    claims = read_access_token(credential.value)
    session = await in_database_thread(get_live_session, claims)
    return SocketIdentity(session.user, session.pk, credential.value, claims.expires_at)


def _by_ticket(ticket: str) -> SocketIdentity:
    redeemed = redeem_ticket(ticket)
    if not is_live(redeemed.session):
        raise TicketInvalid
    return SocketIdentity(redeemed.session.user, redeemed.session.pk, "", redeemed.access_expires_at.timestamp())
