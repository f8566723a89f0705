"""How the platform stands at this moment. "Today" began at midnight UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.selectors import accounts, customers, open_reports
from chat.selectors.history import messages_between
from notifications.models import OutboxMail
from notifications.selectors import count_mails
from offers.selectors import offers_open, redemptions_since
from venues.selectors import all_venues, presences_now, scans_since, venues_serving


@dataclass(frozen=True)
class PlatformOverview:
    users: int
    customers: int
    customers_now: int
    venues: int
    venues_serving: int
    offers_open: int
    redemptions_today: int
    scans_today: int
    messages_today: int
    mails_waiting: int
    mails_failed: int
    reports_open: int


def platform_overview(*, at: datetime) -> PlatformOverview:
    """One query for each figure."""
    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return PlatformOverview(
        users=accounts().count(),
        customers=customers().count(),
        customers_now=presences_now().count(),
        venues=all_venues().count(),
        venues_serving=venues_serving().count(),
        offers_open=offers_open(at=at).count(),
        redemptions_today=redemptions_since(today).count(),
        scans_today=scans_since(today).count(),
        messages_today=messages_between(today, today + timedelta(days=1)).count(),
        mails_waiting=count_mails(OutboxMail.Status.QUEUED),
        mails_failed=count_mails(OutboxMail.Status.FAILED),
        reports_open=open_reports().count(),
    )
