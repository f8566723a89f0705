"""What the admin's first page shows."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.selectors import accounts
from analytics import platform, showing
from analytics.counters import Counters, counted_live
from analytics.days import day_of
from core.counting import count_each
from offers.selectors import offers_open
from venues.selectors import venues_serving


@dataclass(frozen=True)
class Figure:
    """`live` is what the socket calls it, where it changes while one looks."""

    label: str
    value: int
    note: str
    url: str
    live: str = ""
    is_alarming: bool = False

    @property
    def shown(self) -> str:
        return showing.amount(self.value)


def first_page() -> dict[str, object]:
    """Everything on it, as of one moment."""
    moment = platform.Moment(timezone.now(), settings.CURRENCY)
    latest = platform.overview()
    return {
        "figures": overview_figures(moment.at),
        "tiles": showing.platform_tiles(platform.dashboard(moment)),
        "charts": [
            *showing.month_charts(platform.platform_months(moment), moment.currency),
            showing.plans_chart(latest.subscription_distribution),
            showing.hours_chart(platform.busy_hours(moment), "UTC"),
            showing.venues_chart(platform.busy_venues(moment)),
        ],
        "latest": latest,
    }


def overview_figures(at: datetime) -> list[Figure]:
    """Each with the list it counts; all of them in one query."""
    live = counted_live(at)
    counted = count_each({"users": accounts(), "venues": venues_serving(), "offers": offers_open(at=at), **live})
    return [
        Figure("Users", counted["users"], "all accounts", _list("accounts_user")),
        Figure("Venues open", counted["venues"], "take customers", _list("venues_venue")),
        Figure("Open offers", counted["offers"], "can be redeemed now", _list("offers_offer")),
        *_live_figures(Counters(**{name: counted[name] for name in live}), f"{day_of(at):%Y-%m-%d}"),
    ]


def _live_figures(now: Counters, today: str) -> list[Figure]:
    since, queued, failed = "since midnight UTC", "status__exact=queued", "status__exact=failed"
    signed_up = _since("accounts_user", "date_joined", today)
    scanned, redeemed = _since("venues_scan", "scanned_at", today), _since("offers_redemption", "redeemed_at", today)
    said, mails = _since("chat_message", "created_at", today), "notifications_outboxmail"
    reports = _list("accounts_report", "resolved_at__isempty=1")
    return [
        Figure("Customers out now", now.customers_now, "checked in", _list("venues_presence"), "customers_now"),
        Figure("Sign-ups today", now.sign_ups_today, since, signed_up, "sign_ups_today"),
        Figure("Scans today", now.scans_today, since, scanned, "scans_today"),
        Figure("Messages today", now.messages_today, since, said, "messages_today"),
        Figure("Redemptions today", now.redemptions_today, since, redeemed, "redemptions_today"),
        Figure("Mails waiting", now.mails_waiting, "to be sent", _list(mails, queued), "mails_waiting"),
        Figure(
            "Mails failed", now.mails_failed, "in 30 days", _list(mails, failed), "mails_failed", now.mails_failed > 0
        ),
        Figure("Open reports", now.reports_open, "complaints", reports, "reports_open", now.reports_open > 0),
    ]


def _list(model: str, query: str = "") -> str:
    return _page_of(model) + (f"?{query}" if query else "")


@cache
def _page_of(model: str) -> str:
    return reverse(f"admin:{model}_changelist")


def _since(model: str, column: str, day: str) -> str:
    return _list(model, f"{column}__gte={day}+00%3A00%3A00%2B00%3A00")
