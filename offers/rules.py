"""What must hold for a customer to redeem an offer. Redeeming and explaining judge by these same rules."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from core.errors import DomainError
from offers import errors
from offers.models import Offer
from venues.models import Certainty


@dataclass(frozen=True)
class Situation:
    """A customer before an offer, `at` a moment.

    `certainty` is how sure we are that they are at the offer's venue, empty when they are not there; `redeemed` is how
    often they have redeemed it.
    """

    offer: Offer
    certainty: str
    tier: str | None
    redeemed: int
    at: datetime


@dataclass(frozen=True)
class Rule:
    name: str
    refusal: type[DomainError]
    holds: Callable[[Situation], bool]


@dataclass(frozen=True)
class Verdict:
    """`reason` says why the rule does not hold; empty when it does."""

    rule: str
    holds: bool
    reason: str


def _is_sure_enough(situation: Situation) -> bool:
    if not situation.certainty:
        return False
    return Certainty(situation.certainty).is_enough_for(situation.offer.presence_required)


def _is_of_the_tier(situation: Situation) -> bool:
    tiers = situation.offer.eligible_memberships
    return not tiers or situation.tier in tiers


def _is_quota_left(situation: Situation) -> bool:
    remaining = situation.offer.remaining
    return remaining is None or remaining > 0


# The last rule, for the database to judge.
QUOTA_LEFT = Q(total_quota=None) | Q(redeemed_count__lt=F("total_quota"))

# In the order a customer is told: the first that does not hold is the refusal.
RULES = (
    Rule("started", errors.NotStarted, lambda situation: situation.offer.starts_at <= situation.at),
    Rule("not_expired", errors.OfferExpired, lambda situation: situation.at < situation.offer.expires_at),
    Rule("at_venue", errors.NotAtVenue, lambda situation: bool(situation.certainty)),
    Rule("presence", errors.PresenceTooWeak, _is_sure_enough),
    Rule("membership", errors.NotEligible, _is_of_the_tier),
    Rule(
        "per_customer_limit",
        errors.AlreadyRedeemed,
        lambda situation: situation.redeemed < situation.offer.per_customer_limit,
    ),
    Rule("quota", errors.SoldOut, _is_quota_left),
)


def judge(situation: Situation) -> list[Verdict]:
    """Every rule's verdict, in order."""
    return [_verdict(rule, situation) for rule in RULES]


def require(situation: Situation) -> None:
    """Raises the refusal of the first rule that does not hold."""
    for rule in RULES:
        if not rule.holds(situation):
            raise rule.refusal


def _verdict(rule: Rule, situation: Situation) -> Verdict:
    holds = rule.holds(situation)
    return Verdict(rule.name, holds, "" if holds else rule.refusal.message)
