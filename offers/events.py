"""What offers announces."""

import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class OfferRedeemed:
    redemption_id: uuid.UUID
    offer_id: uuid.UUID
    venue_id: int
    customer_id: int


@dataclass(frozen=True)
class OfferWithdrawn:
    """The offer had been redeemed and is kept for its redemptions."""

    offer_id: uuid.UUID
    venue_id: int
    by_id: int
