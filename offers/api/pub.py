"""The Pub Network's offers: managing them, redeeming them, and why not."""

import uuid
from typing import Any

from rest_framework import fields, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import CUSTOMER, OWNER
from billing.models import Tier
from core.errors import NotFound
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import Choice, Id, Integer, ListQuery, MessageOut, Money, Serializer, Text, Uuid
from core.surface.views import SurfaceView
from offers import errors, services
from offers.models import Offer
from offers.selectors import explain_eligibility, find_offers, get_offer_for, manages
from venues.models import Certainty

# The demo data's at venue 3.
REDEEM_EXAMPLE = {"offer_id": "0ffe0000-0000-4000-8000-000000030001"}
DELETE_EXAMPLE = {"id": "0ffe0000-0000-4000-8000-000000030002"}
OFFER_EXAMPLE = {
    "venue": 3,
    "title": "First drink on us",
    "description": "One drink of your choice.",
    "terms": "One per guest.",
    "starts_at": "2026-01-01T00:00:00Z",
    "expires_at": "2099-01-01T00:00:00Z",
    "total_quota": 100,
    "per_customer_limit": 1,
    "eligible_memberships": [],
    "presence_required": "claimed",
    "budget": "250.00",
}
OFFER_OUT_EXAMPLE = {
    **OFFER_EXAMPLE,
    "id": "0ffe0000-0000-4000-8000-000000030001",
    "redeemed_count": 12,
    "remaining": 88,
    "withdrawn_at": None,
}
REDEEMED_EXAMPLE = {
    "message": "Offer redeemed successfully.",
    "redemption": {
        "id": "5b0c1f5e-53c5-4d0e-8e5e-0d1f3a9f0c11",
        "code": "7KQ2M9XD4R",
        "offer": "0ffe0000-0000-4000-8000-000000030001",
        "venue": 3,
        "redeemed_at": "2026-01-05T19:30:00Z",
    },
}
ELIGIBILITY_EXAMPLE = {
    "offer": "0ffe0000-0000-4000-8000-000000030001",
    "eligible": False,
    "rules": [
        {"rule": "started", "holds": True, "reason": ""},
        {"rule": "at_venue", "holds": False, "reason": "You are not at this offer's venue."},
    ],
}
FOR_MANAGERS = ("budget", "redeemed_count", "remaining", "withdrawn_at")


class OfferIn(Serializer):
    venue = Id(source="venue_id")
    title = Text(max_length=120)
    description = Text(max_length=2000, allow_blank=True, default="")
    terms = Text(max_length=2000, allow_blank=True, default="")
    starts_at = fields.DateTimeField()
    expires_at = fields.DateTimeField(help_text="After `starts_at`.")
    total_quota = Integer(min_value=1, allow_null=True, default=None, help_text="null: as many as are asked for.")
    per_customer_limit = Integer(min_value=1, default=1)
    eligible_memberships = fields.ListField(
        child=Choice(Tier.choices), max_length=10, default=list, help_text="Empty: everyone."
    )
    presence_required = Choice(Certainty.choices, default=Certainty.CLAIMED)
    budget = Money(allow_null=True, default=None)

    def validate_eligible_memberships(self, tiers: list[str]) -> list[str]:
        return list(dict.fromkeys(tiers))


class OfferOut(Serializer):
    """The last four only for who manages the offer's venue."""

    id = fields.UUIDField()
    venue = fields.IntegerField(source="venue_id")
    title = fields.CharField()
    description = fields.CharField()
    terms = fields.CharField()
    starts_at = fields.DateTimeField()
    expires_at = fields.DateTimeField()
    total_quota = fields.IntegerField(allow_null=True)
    per_customer_limit = fields.IntegerField()
    eligible_memberships = fields.ListField(child=Choice(Tier.choices))
    presence_required = Choice(Certainty.choices)
    budget = Money(allow_null=True, required=False)
    redeemed_count = fields.IntegerField(required=False)
    remaining = fields.IntegerField(allow_null=True, required=False, help_text="null where there is no quota.")
    withdrawn_at = fields.DateTimeField(allow_null=True, required=False)

    def to_representation(self, offer: Offer) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(offer)
        if not manages(self.context["request"].user, offer):
            for name in FOR_MANAGERS:
                del shown[name]
        return shown


class OfferQuery(serializers.Serializer[Any]):
    venue = fields.IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="Only this venue's.")
    active = fields.BooleanField(
        default=None, allow_null=True, help_text="Only those that can be redeemed now; `false`: only the others."
    )
    withdrawn = fields.BooleanField(default=False, help_text="The withdrawn ones instead, of venues you manage.")


class RedeemIn(Serializer):
    offer_id = Uuid()


class DeleteIn(Serializer):
    id = Uuid()


class RedemptionOut(Serializer):
    id = fields.UUIDField()
    code = fields.CharField(help_text="To be shown at the bar.")
    offer = fields.UUIDField(source="offer_id")
    venue = fields.IntegerField(source="venue_id")
    redeemed_at = fields.DateTimeField()


class RedeemedOut(Serializer):
    message = fields.CharField()
    redemption = RedemptionOut()


class VerdictOut(Serializer):
    rule = fields.CharField()
    holds = fields.BooleanField()
    reason = fields.CharField(help_text="Why it does not hold; empty when it does.")


class EligibilityOut(Serializer):
    offer = fields.UUIDField(source="offer_id")
    eligible = fields.BooleanField(help_text="Every rule holds.")
    rules = VerdictOut(many=True, source="verdicts")


REFUSALS = (
    errors.NotStarted,
    errors.OfferExpired,
    errors.NotAtVenue,
    errors.PresenceTooWeak,
    errors.NotEligible,
    errors.AlreadyRedeemed,
    errors.SoldOut,
    errors.CodesExhausted,
)


class OfferList(SurfaceView):
    access = {"GET": SIGNED_IN, "POST": OWNER}

    @operation(
        summary="List offers",
        description="Offers of active venues; who manages a venue also sees its other ones.",
        query=[OfferQuery, ListQuery],
        answer=OfferOut(many=True),
        answer_example=[OFFER_OUT_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(OfferQuery)
        offers = find_offers(
            self.caller, venue_id=asked.get("venue"), active=asked["active"], withdrawn=asked["withdrawn"]
        )
        return self.answer_page(offers, OfferOut, order_by=("-created_at", "id"))

    @operation(
        summary="Create an offer at a venue you manage",
        body=OfferIn,
        answer=OfferOut,
        status=201,
        errors=[errors.VenueNotManaged, errors.EndsBeforeItStarts],
        example=OFFER_EXAMPLE,
        answer_example=OFFER_OUT_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        offered = self.body(OfferIn)
        offer = services.create_offer(venue_id=offered.pop("venue_id"), fields=offered, by=self.caller)
        return self.answer(OfferOut, offer, status=201)


class OfferDetail(SurfaceView):
    access = {"GET": SIGNED_IN, "PUT": OWNER, "PATCH": OWNER, "DELETE": OWNER}

    @operation(summary="Show an offer", answer=OfferOut, answer_example=OFFER_OUT_EXAMPLE)
    def get(self, request: Request, offer_id: uuid.UUID) -> Response:
        return self.answer(OfferOut, get_offer_for(self.caller, offer_id))

    @operation(
        summary="Replace an offer",
        body=OfferIn,
        answer=OfferOut,
        errors=[errors.OfferStaysAtItsVenue, errors.EndsBeforeItStarts, errors.QuotaBelowRedeemed],
        example=OFFER_EXAMPLE,
        answer_example=OFFER_OUT_EXAMPLE,
    )
    def put(self, request: Request, offer_id: uuid.UUID) -> Response:
        return self._change(offer_id, self.body(OfferIn))

    @operation(
        summary="Change an offer",
        body=OfferIn(partial=True),
        answer=OfferOut,
        errors=[errors.OfferStaysAtItsVenue, errors.EndsBeforeItStarts, errors.QuotaBelowRedeemed],
        example={"total_quota": 200},
        answer_example=OFFER_OUT_EXAMPLE,
    )
    def patch(self, request: Request, offer_id: uuid.UUID) -> Response:
        return self._change(offer_id, self.body(OfferIn, partial=True))

    @operation(
        summary="Delete an offer",
        description="One that was redeemed is withdrawn; its redemptions stay.",
        status=204,
    )
    def delete(self, request: Request, offer_id: uuid.UUID) -> Response:
        services.delete_offer(offer_id=offer_id, by=self.caller)
        return Response(status=204)

    def _change(self, offer_id: uuid.UUID, changes: dict[str, Any]) -> Response:
        venue_id = changes.pop("venue_id", None)
        offer = services.change_offer(offer_id=offer_id, changes=changes, venue_id=venue_id, by=self.caller)
        return self.answer(OfferOut, offer)


class OfferEligibility(SurfaceView):
    access = {"GET": CUSTOMER}

    @operation(
        summary="Whether I can redeem an offer now, rule by rule",
        description="By the very rules that redeeming judges by, in the order they are judged.",
        answer=EligibilityOut,
        answer_example=ELIGIBILITY_EXAMPLE,
    )
    def get(self, request: Request, offer_id: uuid.UUID) -> Response:
        return self.answer(EligibilityOut, explain_eligibility(self.caller, offer_id))


class RedeemOffer(SurfaceView):
    access = {"POST": CUSTOMER}

    @operation(
        summary="Redeem an offer at the venue you are at",
        body=RedeemIn,
        answer=RedeemedOut,
        errors=[NotFound, *REFUSALS],
        example=REDEEM_EXAMPLE,
        answer_example=REDEEMED_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        redemption = services.redeem_offer(offer_id=self.body(RedeemIn)["offer_id"], by=self.caller)
        return self.answer(RedeemedOut, {"message": "Offer redeemed successfully.", "redemption": redemption})


class DeleteOffer(SurfaceView):
    access = {"POST": OWNER}

    @operation(
        summary="Delete an offer",
        description="One that was redeemed is withdrawn; its redemptions stay.",
        body=DeleteIn,
        answer=MessageOut,
        errors=[NotFound],
        example=DELETE_EXAMPLE,
        answer_example={"message": "Offer deleted successfully."},
    )
    def post(self, request: Request) -> Response:
        services.delete_offer(offer_id=self.body(DeleteIn)["id"], by=self.caller)
        return self.answer(MessageOut, {"message": "Offer deleted successfully."})
