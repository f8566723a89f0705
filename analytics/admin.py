"""What the admin's first page shows."""

from dataclasses import dataclass
from datetime import UTC

from django.urls import reverse
from django.utils import timezone

from analytics.platform_overview import platform_overview


@dataclass(frozen=True)
class Figure:
    label: str
    value: int
    note: str
    url: str
    is_alarming: bool = False


def overview_figures() -> list[Figure]:
    """Each with the list it counts."""
    at = timezone.now().astimezone(UTC)
    now, today = platform_overview(at=at), at.strftime("%Y-%m-%d")
    return [
        Figure("Users", now.users, f"{now.customers:,} customers", _list("accounts_user")),
        Figure("Customers out now", now.customers_now, "checked in somewhere", _list("venues_presence")),
        Figure("Venues", now.venues, f"{now.venues_serving:,} take customers", _list("venues_venue")),
        Figure("Open offers", now.offers_open, "can be redeemed now", _list("offers_offer")),
        Figure(
            "Redemptions today",
            now.redemptions_today,
            "since midnight UTC",
            _since("offers_redemption", "redeemed_at", today),
        ),
        Figure("Scans today", now.scans_today, "since midnight UTC", _since("venues_scan", "scanned_at", today)),
        Figure("Messages today", now.messages_today, "since midnight UTC", _since("chat_message", "created_at", today)),
        Figure(
            "Mails waiting", now.mails_waiting, "to be sent", _list("notifications_outboxmail", "status__exact=queued")
        ),
        Figure(
            "Mails failed",
            now.mails_failed,
            "in the last 30 days",
            _list("notifications_outboxmail", "status__exact=failed"),
            is_alarming=now.mails_failed > 0,
        ),
        Figure(
            "Open reports",
            now.reports_open,
            "complaints to look at",
            _list("accounts_report", "resolved_at__isempty=1"),
            is_alarming=now.reports_open > 0,
        ),
    ]


def _list(model: str, query: str = "") -> str:
    return reverse(f"admin:{model}_changelist") + (f"?{query}" if query else "")


def _since(model: str, column: str, day: str) -> str:
    return _list(model, f"{column}__gte={day}+00%3A00%3A00%2B00%3A00")
