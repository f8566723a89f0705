"""The platform's owner signs venues and people up, and sees how each venue stands."""

from typing import Any, cast

from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import SUPERUSER
from accounts.api.fields import Username
from accounts.errors import NameTaken
from accounts.services.invitations import INVITED, invite_new_user
from accounts.services.registration import AccountDetails
from billing.errors import PlanNotOffered
from billing.models import Subscription
from core.surface.schema import operation
from core.surface.serializers import Choice, Email, Id, ListQuery, Money, Serializer, Text
from core.surface.views import SurfaceView
from venues.api.pub.fields import QrSettings, VenueIn
from venues.errors import OpeningHoursRepeated, PlaceIncomplete
from venues.models import Venue
from venues.platform import NONE, PlatformSearch, find_platform_venues, get_platform_venue, with_billing
from venues.services.openings import open_venue
from venues.services.venues import VenueFields

VENUE_EXAMPLE = {
    "id": 3,
    "name": "The Anchor",
    "address": "34 Park Street, London",
    "status": "active",
    "subscription": {
        "id": 3,
        "plan": "Premium",
        "status": "active",
        "current_period_ends_at": "2026-02-05T12:00:00Z",
    },
    "last_payment": {"id": 24, "amount": "59.00", "currency": "GBP", "paid_at": "2026-01-05T12:00:00Z"},
    "last_qr_scanned": "2026-01-05T22:14:00Z",
}
NEW_VENUE_EXAMPLE = {
    "name": "The Lamb",
    "address": "94 Lamb's Conduit Street, London",
    "kind": "pub",
    "time_zone": "Europe/London",
    "contact_name": "Lena Brook",
    "contact_email": "lena@example.com",
    "contact_phone": "+44 20 7946 0018",
}
USER_EXAMPLE = {"username": "vera", "email": "vera@example.com", "user_type": "vendor"}
ORDERS = {
    "id": ("id",),
    "-id": ("-id",),
    "name": ("name", "id"),
    "-name": ("-name", "-id"),
    "last_qr_scanned": ("scanned_at", "id"),
    "-last_qr_scanned": ("-scanned_at", "-id"),
}


class PlatformVenuesQuery(ListQuery):
    q = fields.CharField(
        default="", max_length=100, allow_blank=True, help_text="In the name, the address, the contact or the owner."
    )
    status = Choice(choices=Venue.Status.choices, default="")
    subscription = Choice(
        choices=[*Subscription.Status.values, NONE], default="", help_text="The status of the latest one."
    )
    order = Choice(choices=list(ORDERS), default="id")


class SubscriptionBrief(Serializer):
    id = Id()
    plan = Text(source="plan.name")
    status = Choice(choices=Subscription.Status.choices)
    current_period_ends_at = fields.DateTimeField()


class PaymentBrief(Serializer):
    id = Id()
    amount = Money()
    currency = Text(max_length=3)
    paid_at = fields.DateTimeField()


class PlatformVenueOut(Serializer):
    id = Id(source="venue.pk")
    name = Text(source="venue.name")
    address = Text(source="venue.address", allow_blank=True)
    status = Choice(source="venue.status", choices=Venue.Status.choices)
    subscription = SubscriptionBrief(allow_null=True, help_text="The latest, cancelled or not.")
    last_payment = PaymentBrief(allow_null=True)
    last_qr_scanned = fields.DateTimeField(source="venue.last_scanned_at", allow_null=True)


class InvitedOut(Serializer):
    """Somebody who was mailed a link to set their password."""

    id = Id(source="user.pk")
    username = Text(source="user.username")
    email = fields.EmailField(source="user.email")
    user_type = fields.CharField(source="user.user_type_id")
    invitation_expires_at = fields.DateTimeField(source="expires_at")


class NewVenueIn(VenueIn):
    """It is open from the first. Its owner's account is made for the contact: the e-mail address is needed."""

    qr_settings = QrSettings(source="*", required=False)
    contact_email = Email(help_text="The owner's: the invitation goes there.")
    status = None  # type: ignore[assignment]
    owner = None  # type: ignore[assignment]
    username = Username(required=False, help_text="The owner's; the e-mail address's local part, unless given.")
    plan = Id(source="plan_id", required=False, help_text="Of the trial; the first one offered, unless given.")


class NewVenueOut(PlatformVenueOut):
    owner = InvitedOut()


INVITED_EXAMPLE = {**USER_EXAMPLE, "id": 49, "invitation_expires_at": "2026-01-12T12:00:00Z"}


class PlatformVenues(SurfaceView):
    access = {"GET": SUPERUSER, "POST": SUPERUSER}

    @operation(
        summary="List the venues with what they pay",
        answer=PlatformVenueOut(many=True),
        query=[PlatformVenuesQuery],
        answer_example=[VENUE_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(PlatformVenuesQuery)
        order_by = ORDERS[asked["order"]]
        search = PlatformSearch(
            text=asked["q"],
            status=asked["status"],
            subscription=asked["subscription"],
            by_scan="scanned_at" in order_by[0],
        )
        rows = find_platform_venues(search)
        return self.answer_page(rows, PlatformVenueOut, order_by=order_by, present=with_billing)

    @operation(
        summary="Sign a venue up",
        description="Makes the venue, its owner's account and a trial subscription, and mails the owner a link that "
        "sets their password.",
        body=NewVenueIn,
        answer=NewVenueOut,
        status=201,
        errors=[NameTaken, PlanNotOffered, PlaceIncomplete, OpeningHoursRepeated],
        example=NEW_VENUE_EXAMPLE,
        answer_example={
            **VENUE_EXAMPLE,
            "id": 5,
            "name": "The Lamb",
            "last_payment": None,
            "last_qr_scanned": None,
            "owner": {**INVITED_EXAMPLE, "username": "lena", "email": "lena@example.com", "user_type": "venue_owner"},
        },
    )
    def post(self, request: Request) -> Response:
        body = self.body(NewVenueIn)
        username, plan_id = body.pop("username", ""), body.pop("plan_id", None)
        opened = open_venue(fields=cast(VenueFields, body), username=username, plan_id=plan_id, by=self.caller)
        shown: dict[str, Any] = vars(get_platform_venue(opened.venue.pk))
        return self.answer(NewVenueOut, {**shown, "owner": opened.invitation}, status=201)


class NewUserIn(Serializer):
    username = Username()
    email = Email()
    user_type = Choice(choices=[str(kind) for kind in INVITED])


class NewUser(SurfaceView):
    access = {"POST": SUPERUSER}

    @operation(
        summary="Make an account for a vendor, for support or for a venue owner",
        description="They are mailed a link that sets their password.",
        body=NewUserIn,
        answer=InvitedOut,
        status=201,
        errors=[NameTaken],
        example=USER_EXAMPLE,
        answer_example=INVITED_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        body = self.body(NewUserIn)
        user_type = body.pop("user_type")
        invitation = invite_new_user(details=AccountDetails(**body), user_type=user_type, by=self.caller)
        return self.answer(InvitedOut, invitation, status=201)
