"""Telling of subscriptions that end unless somebody pays."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.events import SubscriptionEnding
from billing.models import Subscription
from billing.services.subscriptions import RUNNING
from core.events import announce

BEFORE = timedelta(days=7)
AT_ONCE = 500


def remind_of_ends() -> int:
    """Announce what ends within seven days, once for each period. What costs nothing goes on by itself.

    Returns how many.
    """
    now = timezone.now()
    ending = Subscription.objects.filter(
        status__in=RUNNING, plan__price__gt=0, current_period_ends_at__gt=now, current_period_ends_at__lte=now + BEFORE
    ).exclude(reminded_of=F("current_period_ends_at"))
    rows = ending.order_by("current_period_ends_at", "pk").values_list("pk", "current_period_ends_at")[:AT_ONCE]
    return sum(_remind(subscription_id, ends_at) for subscription_id, ends_at in rows)


@transaction.atomic
def _remind(subscription_id: int, ends_at: datetime) -> bool:
    """Whether it was for us to tell: of several who look at once, one marks it."""
    unmarked = Subscription.objects.filter(
        pk=subscription_id, status__in=RUNNING, current_period_ends_at=ends_at
    ).exclude(reminded_of=ends_at)
    if not unmarked.update(reminded_of=ends_at):
        return False
    announce(SubscriptionEnding(subscription_id=subscription_id, ends_at=ends_at))
    return True
