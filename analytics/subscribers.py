"""What changes a day that may be closed has its figures counted again in the same transaction.

And who takes the figures away is written down.
"""

from accounts.events import UserTypeChanged
from accounts.models import UserType
from activity.services import record_activity
from analytics.days import day_of
from analytics.events import ReportExported
from analytics.models import Metric
from analytics.services import count_again
from billing.events import PaymentRecorded
from billing.selectors import get_payment
from core.events import with_it


@with_it(PaymentRecorded)
def count_what_was_paid(event: PaymentRecorded) -> None:
    """Somebody may write down today what was paid last week."""
    count_again(day_of(get_payment(event.payment_id).paid_at), Metric.REVENUE)


@with_it(UserTypeChanged)
def count_who_signed_up(event: UserTypeChanged) -> None:
    """A sign-up is one of who is a customer now."""
    if UserType.CUSTOMER in (event.old, event.new):
        count_again(day_of(event.joined_at), Metric.CUSTOMERS)


@with_it(ReportExported)
def write_down_the_export(event: ReportExported) -> None:
    record_activity(
        type="report_exported",
        actor_id=event.by_id,
        summary="Exported a report",
        details={"kinds": list(event.kinds), "currency": event.currency},
    )
