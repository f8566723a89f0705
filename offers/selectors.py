import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db.models import BigIntegerField, DateTimeField, Q, QuerySet, UUIDField
from django.utils import timezone

from accounts.models import User
from billing.selectors import find_tier
from core.errors import NotFound
from core.prepared import Bound, Prepared, Slot
from offers.models import Offer, Redemption
from offers.rules import QUOTA_LEFT, Situation, Verdict, judge
from venues.models import Venue
from venues.selectors import find_presence, venues_managed_by

_STANDING = Q(withdrawn_at=None, venue__status=Venue.Status.ACTIVE)


@dataclass(frozen=True)
class Eligibility:
    offer_id: uuid.UUID
    verdicts: list[Verdict]

    @property
    def eligible(self) -> bool:
        return all(verdict.holds for verdict in self.verdicts)


def offers_standing() -> QuerySet[Offer]:
    """Offers of active venues that were not withdrawn, whatever their dates."""
    return Offer.objects.filter(_STANDING)


def offers_managed_by(user: User) -> QuerySet[Offer]:
    """Of the venues `user` manages, each with its venue's id and owner; withdrawn ones too."""
    return _offers().filter(venue__in=venues_managed_by(user))


def manages(user: User, offer: Offer) -> bool:
    """Whether the offer, which has its venue, is one of offers_managed_by(user), without asking the database."""
    return user.is_superuser or offer.venue.owner_id == user.pk


def offers_visible_to(user: User) -> QuerySet[Offer]:
    """Everyone sees those that stand, who manages a venue all of its own. Each with its venue's id and owner."""
    return _offers() if user.is_superuser else _offers_seen_by(user)


def find_offers(
    user: User, *, venue_id: int | None = None, active: bool | None = None, withdrawn: bool = False
) -> Bound[Offer]:
    """The visible offers; `active` picks those that are open now, or those that are not."""
    search = _search(user.is_superuser, venue_id is not None, active, withdrawn)
    return search.bound(user_id=user.pk, venue_id=venue_id, now=timezone.now())


@cache
def _search(sees_all: bool, at_a_venue: bool, active: bool | None, withdrawn: bool) -> Prepared[Offer]:
    """The query for one way to ask."""

    def make() -> QuerySet[Offer]:
        offers = _offers() if sees_all else _offers_seen_by(Slot("user_id", BigIntegerField()))
        offers = offers.filter(withdrawn_at__isnull=not withdrawn)
        if at_a_venue:
            offers = offers.filter(venue_id=Slot("venue_id", BigIntegerField()))
        if active is None:
            return offers
        is_open = _is_open(Slot("now", DateTimeField()))
        return offers.filter(is_open if active else ~is_open)

    return Prepared(make)


def get_offer_for(user: User, offer_id: uuid.UUID) -> Offer:
    """Raises NotFound."""
    return _one(offers_visible_to(user), offer_id)


_standing_offer = Prepared(lambda: offers_standing().filter(pk=Slot("id", UUIDField())).order_by())


def get_standing_offer(offer_id: uuid.UUID) -> Offer:
    """Raises NotFound."""
    return _found(_standing_offer.first(id=offer_id))


def lock_managed_offer(user: User, offer_id: uuid.UUID) -> Offer:
    """An offer `user` may change, not withdrawn, with its row locked. Raises NotFound."""
    offers = offers_managed_by(user).filter(withdrawn_at=None)
    return _one(offers.select_for_update(of=("self",)), offer_id)


def situation_of(customer: User, offer: Offer) -> Situation:
    """What the rules judge, as it is now."""
    presence = find_presence(customer)
    return Situation(
        offer=offer,
        certainty=presence.certainty if presence and presence.venue_id == offer.venue_id else "",
        tier=find_tier(customer) if offer.eligible_memberships else None,
        redeemed=times_redeemed(customer, offer),
        at=timezone.now(),
    )


_last_redemption = Prepared(
    lambda: Redemption.objects.filter(
        offer=Slot("offer_id", UUIDField()), customer=Slot("customer_id", BigIntegerField())
    ).order_by("-ordinal")[:1]
)


def times_redeemed(customer: User, offer: Offer) -> int:
    last = _last_redemption.first(offer_id=offer.pk, customer_id=customer.pk)
    return last.ordinal if last else 0


def explain_eligibility(customer: User, offer_id: uuid.UUID) -> Eligibility:
    """What redeeming would say now. Raises NotFound."""
    offer = get_standing_offer(offer_id)
    return Eligibility(offer.pk, judge(situation_of(customer, offer)))


def offers_at(venue: Venue) -> QuerySet[Offer]:
    """All it ever made, withdrawn ones too."""
    return Offer.objects.filter(venue=venue)


def offers_unused(*, at: datetime) -> QuerySet[Offer]:
    """Open ones, whether or not their venue serves: by the offer's own columns, so that an update that waited for
    the row judges what it then finds.
    """
    return Offer.objects.filter(_is_open(at))


def offers_open_at(venue: Venue, *, at: datetime | None = None) -> QuerySet[Offer]:
    """What the venue's guests can redeem at a moment, by default now: started, not expired, with quota left."""
    return offers_open(at=at).filter(venue=venue)


def offers_open(*, at: datetime | None = None) -> QuerySet[Offer]:
    """The same at every venue."""
    return offers_standing().filter(_is_open(at or timezone.now()))


def top_offers_at(venue: Venue) -> QuerySet[Offer]:
    """Its redeemed offers, most redeemed first."""
    return offers_at(venue).filter(redeemed_count__gt=0).order_by("-redeemed_count", "title", "id")


def redemptions() -> QuerySet[Redemption]:
    """All there ever were, on the whole platform."""
    return Redemption.objects.all()


def redemptions_between(start: datetime, end: datetime) -> QuerySet[Redemption]:
    """At any venue, `end` excluded."""
    return Redemption.objects.filter(redeemed_at__gte=start, redeemed_at__lt=end)


def redemptions_at(venue: Venue) -> QuerySet[Redemption]:
    """Latest first, each with its offer and customer."""
    rows = Redemption.objects.filter(venue=venue).select_related("offer", "customer")
    return rows.order_by("-redeemed_at", "id")


def redemptions_by(customer: User) -> QuerySet[Redemption]:
    """Latest first, each with its offer and venue."""
    rows = Redemption.objects.filter(customer=customer).select_related("offer", "venue")
    return rows.order_by("-redeemed_at", "id")


def _offers() -> QuerySet[Offer]:
    own = [field.name for field in Offer._meta.concrete_fields]
    return Offer.objects.select_related("venue").only(*own, "venue__owner")


def _offers_seen_by(user: User | Slot) -> QuerySet[Offer]:
    return _offers().filter(_STANDING | Q(venue__owner=user))


def _is_open(at: datetime | Slot) -> Q:
    return QUOTA_LEFT & Q(withdrawn_at=None, starts_at__lte=at, expires_at__gt=at)


def _one(offers: QuerySet[Offer], offer_id: uuid.UUID) -> Offer:
    return _found(offers.filter(pk=offer_id).first())


def _found(offer: Offer | None) -> Offer:
    if offer is None:
        raise NotFound
    return offer
