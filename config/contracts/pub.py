"""The Pub Network contract. Reading this page is reading the client's document."""

from typing import Any

from accounts.api.pub import LoginOwner, LogOut, RefreshToken, RevokeSession, TokenDetails
from accounts.api.tickets import IssueTicket
from activity.api.pub import ActivityLog
from analytics.api.pub.superuser import SuperuserAnalytics, SuperuserDashboard, SuperuserOverview, SuperuserReports
from analytics.api.pub.venue import VenueOverviewView, VenueQrAnalytics
from analytics.consumers.pub import LiveCountersConsumer, OwnCountersConsumer
from billing.api.pub import CouponList, PlanDetail, PlanList
from chat.api.pub.group import GroupClose, GroupHistory, GroupMute, GroupOpen
from chat.api.pub.messages import MessageDetail, MessageReactions
from chat.api.pub.page import Welcome
from chat.api.pub.private import PrivateCreate, PrivateHistory, PrivateList, PrivateRead
from chat.consumers.pub import GroupConsumer, PrivateConsumer
from core.sessions import SessionPolicy
from core.surface.contract import Contract, Route, SocketRoute, grouped
from core.surface.failure import Failure
from icebreakers.api.pub import IceBreakerList, RandomIceBreaker
from offers.api.pub import DeleteOffer, OfferDetail, OfferEligibility, OfferList, RedeemOffer
from venues.api.pub.billing import CancelSubscription, PaymentList, RefundList, RefundPayment, SubscriptionList
from venues.api.pub.customers import (
    BlockUser,
    ChangePassword,
    CustomerDetail,
    CustomerList,
    DeleteMe,
    ExportMe,
    LoginCustomer,
    RegisterCustomer,
    ReportUser,
    RequestCustomerCode,
    UnblockUser,
    ValidateCustomerCode,
)
from venues.api.pub.google import GoogleCallback, GoogleLogin
from venues.api.pub.invitations import InvitationPage
from venues.api.pub.presence import CheckIn, CheckOut
from venues.api.pub.screen import QrPng, QrScreen, QrSvg
from venues.api.pub.superuser import NewUser, PlatformVenues
from venues.api.pub.var_ids import GenerateVarId
from venues.api.pub.venues import VenueDetail, VenueList


def spell_failure(failure: Failure) -> dict[str, Any]:
    body: dict[str, Any] = {"error": failure.message, "code": failure.code, **failure.details}
    return {**body, "details": failure.fields} if failure.fields else body


FAILURE_SCHEMA = {
    "type": "object",
    "properties": {
        "error": {"type": "string", "description": "For people."},
        "code": {"type": "string", "description": "For programs; stable."},
        "details": {
            "type": "object",
            "description": "What was wrong with which field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "required": ["error", "code"],
}

PUB = Contract(
    name="pub",
    title="Pub Network",
    description=(
        "Venues, their customers, offers and chat. Bare snake_case JSON, Bearer tokens.\n\n"
        "The examples work on the demo data as they stand: sign in as `c1`, `owner1` or `admin` with the first two "
        "operations and put the `access` you get under *Authorize*."
    ),
    prefix="/",
    session=SessionPolicy(surface="pub"),
    spell_failure=spell_failure,
    failure_schema=FAILURE_SCHEMA,
    routes=(
        *grouped(
            "Authentication",
            Route("login/customer/", LoginCustomer),
            Route("login/owner/", LoginOwner),
            Route("customers/login/passwordless/", RequestCustomerCode),
            Route("customers/login/validate-otp/", ValidateCustomerCode),
            Route("register/customer/", RegisterCustomer),
            Route("customer-tokens/", TokenDetails),
            Route("customer-tokens/<uuid:session_id>/", RevokeSession),
            Route("ws-ticket/", IssueTicket),
            Route("token/refresh/", RefreshToken),
            Route("logout/", LogOut),
            Route("invitations/<str:token>/", InvitationPage),
            Route("google/login/", GoogleLogin),
            Route("google/callback/", GoogleCallback),
        ),
        *grouped(
            "Customers",
            Route("customers/", CustomerList),
            Route("customers/password/", ChangePassword),
            Route("customers/me/", DeleteMe),
            Route("customers/me/export/", ExportMe),
            Route("customers/<int:customer_id>/", CustomerDetail),
            Route("customers/<int:customer_id>/block/", BlockUser),
            Route("customers/<int:customer_id>/unblock/", UnblockUser),
            Route("customers/<int:customer_id>/report/", ReportUser),
        ),
        *grouped(
            "Venues",
            Route("venues/", VenueList),
            Route("venues/<int:venue_id>/", VenueDetail),
            Route("venues/<int:venue_id>/generate-var-id/", GenerateVarId),
            Route("venues/<int:venue_id>/qr/", QrScreen),
            Route("venues/<int:venue_id>/qr.png/", QrPng),
            Route("venues/<int:venue_id>/qr.svg/", QrSvg),
            Route("v/<str:var_id>/", Welcome),
            Route("venues/check-in/", CheckIn),
            Route("venues/check-out/", CheckOut),
        ),
        *grouped(
            "Offers",
            Route("venues/redeem-offer/", RedeemOffer),
            Route("venues/delete-offer/", DeleteOffer),
            Route("offers/", OfferList),
            Route("offers/<uuid:offer_id>/", OfferDetail),
            Route("offers/<uuid:offer_id>/eligibility/", OfferEligibility),
        ),
        *grouped(
            "Ice breakers",
            Route("icebreakers/", IceBreakerList),
            Route("icebreakers/random/", RandomIceBreaker),
        ),
        *grouped(
            "Chat",
            Route("private/create/", PrivateCreate),
            Route("private/list/", PrivateList),
            Route("private/<int:chat_id>/history/", PrivateHistory),
            Route("private/<int:chat_id>/read/", PrivateRead),
            Route("group/<str:var_id>/history/", GroupHistory),
            Route("group/<int:venue_id>/mute/", GroupMute),
            Route("group/<int:venue_id>/close/", GroupClose),
            Route("group/<int:venue_id>/open/", GroupOpen),
            Route("messages/<int:message_id>/", MessageDetail),
            Route("messages/<int:message_id>/reactions/", MessageReactions),
        ),
        *grouped(
            "Dashboards",
            Route("overview/<int:venue_id>/", VenueOverviewView),
            Route("qr-analytics/<int:venue_id>/", VenueQrAnalytics),
        ),
        *grouped(
            "Superuser",
            Route("superuser/dashboard/", SuperuserDashboard),
            Route("superuser/overview/", SuperuserOverview),
            Route("superuser/analytics/", SuperuserAnalytics),
            Route("superuser/reports/", SuperuserReports),
            Route("superuser/activity-log/", ActivityLog),
            Route("superuser/venues/", PlatformVenues),
            Route("superuser/users/", NewUser),
            Route("superuser/plans/", PlanList),
            Route("superuser/plans/<int:plan_id>/", PlanDetail),
            Route("superuser/subscriptions/", SubscriptionList),
            Route("superuser/subscriptions/<int:subscription_id>/cancel/", CancelSubscription),
            Route("superuser/payments/", PaymentList),
            Route("superuser/payments/<int:payment_id>/refund/", RefundPayment),
            Route("superuser/refunds/", RefundList),
            Route("superuser/coupons/", CouponList),
        ),
    ),
    sockets=(
        SocketRoute("ws/group/<str:var_id>/", GroupConsumer),
        SocketRoute("ws/private/<int:chat_id>/", PrivateConsumer),
        SocketRoute("ws/admin/live/", LiveCountersConsumer),
        SocketRoute("ws/dashboard/live/", OwnCountersConsumer),
    ),
    path_examples={
        "customer_id": 1,
        "venue_id": 3,
        "var_id": "v1",
        "offer_id": "0ffe0000-0000-4000-8000-000000030001",
        "chat_id": 1,
        "message_id": 2,
        "plan_id": 1,
        "subscription_id": 3,
        "payment_id": 1,
    },
)
