"""A subscription's life: tried for free, paid for, past due, cancelled."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from billing import events
from billing.errors import AlreadySubscribed, CouponPartial, PlanNotOffered
from billing.models import Plan, Subscriber, Subscription
from billing.money import one_period_after
from billing.selectors import plans_offered
from billing.services.coupons import Quote, quote_coupon, redeem_coupon
from core.errors import NotFound
from core.events import announce

TRIAL_DAYS = 14
LONGEST_TRIAL_DAYS = 90
RUNNING = (Subscription.Status.TRIAL, Subscription.Status.ACTIVE)
AT_ONCE = 500


def open_subscriber(*, name: str) -> Subscriber:
    """Whoever is billed refers to it; `name` is how they are called on lists."""
    return Subscriber.objects.create(name=name)


def rename_subscriber(*, subscriber_id: int, name: str) -> None:
    Subscriber.objects.filter(pk=subscriber_id).update(name=name)


@transaction.atomic
def start_subscription(
    *, subscriber: Subscriber, plan_id: int, trial_days: int = TRIAL_DAYS, coupon: str = "", by: User
) -> Subscription:
    """Free to try for so many days; or active for a first period where the plan costs nothing, or the coupon covers it.

    A coupon that leaves something to pay is for a payment. Raises PlanNotOffered, AlreadySubscribed, CouponRefused,
    CouponUsedUp and CouponUsedBefore.
    """
    now = timezone.now()
    _lock_subscriber(subscriber.pk)
    plan = plans_offered().filter(pk=plan_id).first()
    if plan is None:
        raise PlanNotOffered
    is_trial = plan.price > 0 and not coupon
    subscription = _store(
        Subscription(
            subscriber=subscriber,
            plan=plan,
            status=Subscription.Status.TRIAL if is_trial else Subscription.Status.ACTIVE,
            starts_at=now,
            current_period_ends_at=now + timedelta(days=trial_days) if is_trial else one_period_after(now, plan.period),
        )
    )
    if coupon:
        redeem_coupon(quote=_covering(coupon, plan, now), subscription=subscription, at=now, by=by)
    announce(events.SubscriptionStarted(subscription_id=subscription.pk, by_id=by.pk))
    return subscription


@transaction.atomic
def cancel_subscription(*, subscription_id: int, by: User) -> Subscription:
    """It ends now. Cancelling a cancelled one changes nothing. Raises NotFound."""
    subscription = lock_subscription(subscription_id)
    _cancel(subscription, by_id=by.pk)
    return subscription


@transaction.atomic
def cancel_live_subscription(*, subscriber_id: int, by_id: int | None) -> None:
    """The subscriber's, if there is one. Their row is locked: one that starts meanwhile has started, or sees this."""
    _lock_subscriber(subscriber_id)
    live = Subscription.objects.filter(subscriber=subscriber_id, status__in=Subscription.LIVE)
    for subscription_id in live.values_list("pk", flat=True):
        _cancel(lock_subscription(subscription_id), by_id=by_id)


def lock_subscription(subscription_id: int) -> Subscription:
    """As stored, with its plan, held to the end of the transaction. Raises NotFound."""
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("plan", "subscriber")
    subscription = rows.filter(pk=subscription_id).first()
    if subscription is None:
        raise NotFound
    return subscription


def change_status(subscription: Subscription, status: str, *, by_id: int | None) -> None:
    """Of one that is locked; stores whatever else was changed of it too."""
    old, subscription.status = subscription.status, status
    subscription.save(update_fields=["status", "current_period_ends_at", "cancelled_at"])
    if old != status:
        announce(events.SubscriptionStatusChanged(subscription_id=subscription.pk, old=old, new=status, by_id=by_id))


def settle_periods_that_ended() -> int:
    """What nobody paid for is past due; what costs nothing goes on. Returns how many were looked at."""
    now = timezone.now()
    ended = Subscription.objects.filter(status__in=RUNNING, current_period_ends_at__lte=now)
    subscription_ids = list(ended.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    for subscription_id in subscription_ids:
        _settle(subscription_id, now)
    return len(subscription_ids)


@transaction.atomic
def _settle(subscription_id: int, now: datetime) -> None:
    subscription = lock_subscription(subscription_id)
    if subscription.status not in RUNNING or subscription.current_period_ends_at > now:
        return
    status: str = Subscription.Status.PAST_DUE
    if subscription.plan.price == 0:
        status = Subscription.Status.ACTIVE
        subscription.current_period_ends_at = one_period_after(
            subscription.current_period_ends_at, subscription.plan.period
        )
    change_status(subscription, status, by_id=None)


def _cancel(subscription: Subscription, *, by_id: int | None) -> None:
    if subscription.is_live:
        subscription.cancelled_at = timezone.now()
        change_status(subscription, Subscription.Status.CANCELLED, by_id=by_id)


def _lock_subscriber(subscriber_id: int) -> None:
    """To the end of the transaction. Others may still write rows that refer to it."""
    Subscriber.objects.select_for_update(no_key=True).get(pk=subscriber_id)


def _covering(code: str, plan: Plan, at: datetime) -> Quote:
    quote = quote_coupon(code=code, plan=plan, at=at)
    if quote.discount < plan.price:
        raise CouponPartial
    return quote


def _store(subscription: Subscription) -> Subscription:
    """The constraint decides between two that start at once."""
    try:
        with transaction.atomic():
            subscription.save(force_insert=True)
    except IntegrityError:
        raise AlreadySubscribed from None
    return subscription
