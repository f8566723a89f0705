"""What changes while one looks: pushed to the admin's first page. "Today" began at midnight UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.selectors import open_reports, sign_ups_between
from analytics.days import day_of, start_of
from chat.selectors.history import messages_between
from core.counting import count_each
from notifications.models import OutboxMail
from notifications.selectors.mails import mails_in
from offers.selectors import redemptions_between
from venues.selectors import presences_now, scans_between


@dataclass(frozen=True)
class Counters:
    customers_now: int
    sign_ups_today: int
    scans_today: int
    messages_today: int
    redemptions_today: int
    mails_waiting: int
    mails_failed: int
    reports_open: int


def counted_live(at: datetime) -> dict[str, QuerySet[Any]]:
    """What each counter counts."""
    today = start_of(day_of(at))
    tomorrow = today + timedelta(days=1)
    return {
        "customers_now": presences_now(),
        "sign_ups_today": sign_ups_between(today, tomorrow),
        "scans_today": scans_between(today, tomorrow),
        "messages_today": messages_between(today, tomorrow),
        "redemptions_today": redemptions_between(today, tomorrow),
        "mails_waiting": mails_in(OutboxMail.Status.QUEUED),
        "mails_failed": mails_in(OutboxMail.Status.FAILED),
        "reports_open": open_reports(),
    }


def live_counters(at: datetime) -> Counters:
    return Counters(**count_each(counted_live(at)))
