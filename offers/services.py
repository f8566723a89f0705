import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from core.events import announce
from offers import errors, events
from offers.models import Offer, Redemption
from offers.rules import Situation, require
from offers.selectors import get_standing_offer, lock_managed_offer, offers_unused, situation_of, times_redeemed
from venues.models import Venue
from venues.selectors import venues_managed_by

# Without what is easily taken for something else when read aloud or off a screen: 0 O, 1 I L, U V.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
CODE_LENGTH = 8
CODE_TRIES = 5


@transaction.atomic
def create_offer(*, venue_id: int, fields: Mapping[str, object], by: User) -> Offer:
    """`fields` by the model's names. Raises VenueNotManaged and EndsBeforeItStarts."""
    venue = venues_managed_by(by).exclude(status=Venue.Status.CLOSED).filter(pk=venue_id).first()
    if venue is None:
        raise errors.VenueNotManaged
    offer = Offer(venue=venue)
    _fill(offer, fields)
    offer.save(force_insert=True)
    return offer


@transaction.atomic
def change_offer(*, offer_id: uuid.UUID, changes: Mapping[str, object], venue_id: int | None, by: User) -> Offer:
    """`changes` by the model's names; a `venue_id` must be the one it has.

    Raises NotFound, OfferStaysAtItsVenue, EndsBeforeItStarts and QuotaBelowRedeemed.
    """
    offer = lock_managed_offer(by, offer_id)
    if venue_id is not None and venue_id != offer.venue_id:
        raise errors.OfferStaysAtItsVenue
    _fill(offer, changes)
    offer.save(update_fields=list(changes))
    return offer


@transaction.atomic
def delete_offer(*, offer_id: uuid.UUID, by: User) -> None:
    """Delete it for good, or withdraw it once it was redeemed: its redemptions stay. Raises NotFound."""
    offer = lock_managed_offer(by, offer_id)
    if offer.redeemed_count == 0:
        offer.delete()
        return
    offer.withdrawn_at = timezone.now()
    offer.save(update_fields=["withdrawn_at"])
    announce(events.OfferWithdrawn(offer_id=offer.pk, venue_id=offer.venue_id, by_id=by.pk))


def redeem_offer(*, offer_id: uuid.UUID, by: User) -> Redemption:
    """Judged without a lock, so that a sold-out offer makes nobody queue, then stored if that still holds.

    What was judged is judged again when the offer changed meanwhile, or when the code that was drawn is taken.
    Raises NotFound and the refusals of offers.rules.
    """
    for _ in range(CODE_TRIES):
        situation = situation_of(by, get_standing_offer(offer_id))
        require(situation)
        try:
            return _redeem(situation, by)
        except (errors.SoldOut, IntegrityError):
            continue
    raise errors.CodesExhausted


@transaction.atomic
def _redeem(situation: Situation, by: User) -> Redemption:
    """Counting locks the offer's row: from there on nobody else redeems it, and one's own are counted for good."""
    offer = situation.offer
    take_from_quota(offer, at=situation.at)
    redeemed = times_redeemed(by, offer)
    if redeemed >= offer.per_customer_limit:
        raise errors.AlreadyRedeemed
    redemption = Redemption.objects.create(
        offer=offer,
        venue_id=offer.venue_id,
        customer=by,
        ordinal=redeemed + 1,
        code=_new_code(),
        certainty=situation.certainty,
        redeemed_at=situation.at,
    )
    announce(
        events.OfferRedeemed(
            redemption_id=redemption.pk,
            offer_id=redemption.offer_id,
            venue_id=redemption.venue_id,
            customer_id=by.pk,
        )
    )
    return redemption


def take_from_quota(offer: Offer, *, at: datetime) -> None:
    """Count one redemption more, whatever was read before. Raises SoldOut if the offer is no longer open."""
    if not offers_unused(at=at).filter(pk=offer.pk).update(redeemed_count=F("redeemed_count") + 1):
        raise errors.SoldOut


def _new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def _fill(offer: Offer, fields: Mapping[str, object]) -> None:
    for name, value in fields.items():
        setattr(offer, name, value)
    if offer.expires_at <= offer.starts_at:
        raise errors.EndsBeforeItStarts
    if offer.total_quota is not None and offer.total_quota < offer.redeemed_count:
        raise errors.QuotaBelowRedeemed
