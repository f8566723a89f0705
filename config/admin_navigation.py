"""The admin's sidebar, grouped as people think of the platform, and its icon."""

from functools import cache

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

Item = dict[str, object]


def favicon(request: HttpRequest) -> str:
    return static("core/favicon.svg")


def _list(title: str, icon: str, model: str) -> Item:
    return {"title": title, "icon": icon, "link": reverse(f"admin:{model}_changelist")}


def _group(title: str, *items: Item) -> Item:
    return {"title": title, "items": list(items)}


def navigation(request: HttpRequest) -> list[Item]:
    """The same for everybody who may enter, and on every page: its links are looked up once."""
    return _groups()


@cache
def _groups() -> list[Item]:
    return [
        {"items": [{"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")}]},
        _group(
            "People",
            _list("Users", "person", "accounts_user"),
            _list("Memberships", "card_membership", "billing_membership"),
            _list("Reports", "flag", "accounts_report"),
            _list("Evidence", "gavel", "chat_evidence"),
            _list("Blocks", "block", "accounts_block"),
            _list("Sessions", "devices", "accounts_session"),
            _list("Invitations", "forward_to_inbox", "accounts_invitation"),
            _list("One-time passwords", "password", "accounts_onetimepassword"),
            _list("External identities", "badge", "accounts_externalidentity"),
            _list("Customers' profiles", "account_circle", "accounts_customerprofile"),
            _list("User types", "category", "accounts_usertype"),
        ),
        _group(
            "Venues",
            _list("Venues", "storefront", "venues_venue"),
            _list("Var ids", "qr_code_2", "venues_varid"),
            _list("Scans", "qr_code_scanner", "venues_scan"),
            _list("Who is where", "location_on", "venues_presence"),
            _list("Visits", "directions_walk", "venues_visit"),
            _list("Opening hours", "schedule", "venues_openinghours"),
        ),
        _group(
            "Billing",
            _list("Subscriptions", "autorenew", "billing_subscription"),
            _list("Payments", "payments", "billing_payment"),
            _list("Refunds", "undo", "billing_refund"),
            _list("Coupons", "sell", "billing_coupon"),
            _list("Coupon redemptions", "confirmation_number", "billing_couponredemption"),
            _list("Plans", "inventory_2", "billing_plan"),
            _list("Subscribers", "receipt_long", "billing_subscriber"),
        ),
        _group(
            "Offers",
            _list("Offers", "local_offer", "offers_offer"),
            _list("Redemptions", "redeem", "offers_redemption"),
        ),
        _group(
            "Workspaces",
            _list("Workspaces", "workspaces", "workspaces_workspace"),
            _list("Members", "groups", "workspaces_member"),
            _list("Invitations", "outgoing_mail", "workspaces_invitation"),
            _list("Channels", "tag", "workspaces_channel"),
            _list("In private channels", "lock", "workspaces_channelmember"),
            _list("Present now", "sensors", "workspaces_presencelease"),
            _list("Last seen", "visibility", "workspaces_lastseen"),
        ),
        _group(
            "Chat",
            _list("Conversations", "forum", "chat_conversation"),
            _list("Messages", "chat", "chat_message"),
            _list("Mutes", "volume_off", "chat_mute"),
            _list("Changes", "history", "chat_change"),
            _list("Reactions", "add_reaction", "chat_reaction"),
            _list("Participants", "group", "chat_participant"),
            _list("Connected now", "sensors", "chat_socketlease"),
        ),
        _group("Ice breakers", _list("Ice breakers", "ac_unit", "icebreakers_icebreaker")),
        _group(
            "Activity",
            _list("Activity log", "history_edu", "activity_activityentry"),
            _list("Feed entries", "dynamic_feed", "activity_feedentry"),
        ),
        _group(
            "Notifications",
            _list("Notifications", "notifications", "notifications_notification"),
            _list("Preferences", "tune", "notifications_preference"),
            _list("Open inboxes", "sensors", "notifications_inboxlease"),
        ),
        _group(
            "Mail & jobs",
            _list("Mails", "mail", "notifications_outboxmail"),
            _list("Jobs", "schedule", "core_job"),
            _list("Runs of jobs", "history_toggle_off", "core_jobrun"),
            _list("What was done here", "manage_history", "admin_logentry"),
            _list("Days' figures", "bar_chart", "analytics_dailyrollup"),
            _list("Months' figures", "calendar_month", "analytics_monthlyrollup"),
            _list("Rate limits", "speed", "core_ratewindow"),
            _list("Idempotent requests", "repeat_one", "core_idempotentrequest"),
        ),
    ]
