"""What changes while one looks: pushed to the admin's first page. "Today" began at midnight UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.selectors import open_reports, sign_ups_between
from analytics.days import day_of, start_of
from chat.selectors.history import messages_between
from notifications.models import OutboxMail
from notifications.selectors.mails import count_mails
from offers.selectors import redemptions_since
from venues.selectors import presences_now, scans_since


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


def live_counters(at: datetime) -> Counters:
    """One query for each."""
    today = start_of(day_of(at))
    tomorrow = today + timedelta(days=1)
    return Counters(
        customers_now=presences_now().count(),
        sign_ups_today=sign_ups_between(today, tomorrow).count(),
        scans_today=scans_since(today).count(),
        messages_today=messages_between(today, tomorrow).count(),
        redemptions_today=redemptions_since(today).count(),
        mails_waiting=count_mails(OutboxMail.Status.QUEUED),
        mails_failed=count_mails(OutboxMail.Status.FAILED),
        reports_open=open_reports().count(),
    )
