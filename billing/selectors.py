from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, DateTimeField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User
from billing.models import Coupon, CouponRedemption, Membership, Payment, Plan, Refund, Subscriber, Subscription
from core.days import on_days
from core.errors import NotFound
from core.prepared import Prepared, Slot

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Revenue:
    """What one subscriber paid for one plan on one day in UTC, and got back that day, whenever it was paid."""

    day: date
    subscriber_id: int
    plan_id: int
    currency: str
    paid: Decimal
    refunded: Decimal

    @property
    def net(self) -> Decimal:
        return self.paid - self.refunded


@dataclass(frozen=True)
class PlanShare:
    """How many live subscriptions a plan has."""

    plan_id: int
    slug: str
    name: str
    subscriptions: int


def find_tier(user: User) -> str | None:
    """The tier of the user's live membership, or None."""
    live = Q(ends_at=None) | Q(ends_at__gt=timezone.now())
    return Membership.objects.filter(live, user=user).values_list("tier", flat=True).first()


def plans() -> QuerySet[Plan]:
    return Plan.objects.all()


def get_plan(plan_id: int) -> Plan:
    """Raises NotFound."""
    plan = Plan.objects.filter(pk=plan_id).first()
    if plan is None:
        raise NotFound
    return plan


def plans_offered() -> QuerySet[Plan]:
    """Those that can be subscribed to."""
    return plans().filter(is_active=True)


def find_first_plan() -> int | None:
    """The id of the first plan that can be subscribed to, if there is one."""
    return plans_offered().values_list("pk", flat=True).first()


def live_subscriptions(*, at: datetime | None = None) -> QuerySet[Subscription]:
    """Those that had begun and were not cancelled at that time; now, unless it is given."""
    at = at or timezone.now()
    return Subscription.objects.filter(Q(cancelled_at=None) | Q(cancelled_at__gt=at), starts_at__lte=at)


def live_subscriptions_by_plan(*, at: datetime | None = None) -> list[PlanShare]:
    """Every plan, the ones nobody has included, in the order they were made."""
    counted = dict(live_subscriptions(at=at).order_by().values_list("plan").annotate(count=Count("pk")))
    return [PlanShare(plan.pk, plan.slug, plan.name, counted.get(plan.pk, 0)) for plan in plans()]


def revenue_by_day(*, since: datetime, until: datetime) -> list[Revenue]:
    """From `since` on and before `until`, the earliest day first: payments by when they came in, less refunds by when
    they went back. Days without either are left out.
    """
    sums: dict[tuple[date, int, int, str], list[Decimal]] = defaultdict(lambda: [NOTHING, NOTHING])
    for came_in, day, subscriber_id, plan_id, currency, amount in _amounts.rows(since=since, until=until):
        sums[day, subscriber_id, plan_id, currency][0 if came_in else 1] += amount
    return [Revenue(*key, *sums[key]) for key in sorted(sums)]


def _amounts_of(rows: QuerySet[Any], at: str, *of: str, came_in: bool) -> QuerySet[Any, Any]:
    """By day and by what each is of, between two moments."""
    since, until = Slot("since", DateTimeField()), Slot("until", DateTimeField())
    rows = rows.filter(**{f"{at}__gte": since, f"{at}__lt": until}).order_by()
    rows = rows.annotate(came_in=Value(came_in), day=TruncDate(at, tzinfo=UTC))
    amounts: QuerySet[Any, Any] = rows.values_list("came_in", "day", *of, Sum("amount"))
    return amounts


_paid = ("subscription__subscriber", "plan", "currency")
_paid_back = ("payment__subscription__subscriber", "payment__plan", "payment__currency")
_amounts = Prepared(
    lambda: _amounts_of(Payment.objects.all(), "paid_at", *_paid, came_in=True).union(
        _amounts_of(Refund.objects.all(), "refunded_at", *_paid_back, came_in=False), all=True
    )
)


def recent_coupons(limit: int) -> list[Coupon]:
    """The latest made first."""
    return list(Coupon.objects.order_by("-id")[:limit])


def coupons() -> QuerySet[Coupon]:
    return Coupon.objects.all()


def coupons_open(*, at: datetime) -> QuerySet[Coupon]:
    """Coupons that serve at that time and are not used up."""
    return Coupon.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=at),
        Q(total_limit=None) | Q(redeemed_count__lt=F("total_limit")),
        valid_from__lte=at,
    )


def times_redeemed(coupon: Coupon, subscriber_id: int) -> int:
    return CouponRedemption.objects.filter(coupon=coupon, subscriber=subscriber_id).count()


def subscriptions() -> QuerySet[Subscription]:
    return Subscription.objects.select_related("plan", "subscriber")


def payments() -> QuerySet[Payment]:
    return Payment.objects.select_related("plan", "subscription__subscriber", "coupon_redemption__coupon")


def find_refunds(*, payment_id: int | None, first_day: date | None, last_day: date | None) -> QuerySet[Refund]:
    """Those that match, each with its payment."""
    rows = Refund.objects.select_related("payment").filter(on_days("refunded_at", first_day, last_day))
    return rows if payment_id is None else rows.filter(payment=payment_id)


def latest_subscriptions_of(subscriber_ids: Collection[int]) -> dict[int, Subscription]:
    """The latest of each who has one, live or not, by subscriber."""
    latest = Subscriber.objects.filter(pk__in=subscriber_ids).values_list(
        Subquery(Subscription.objects.filter(subscriber=OuterRef("pk")).order_by("-id").values("pk")[:1])
    )
    return {one.subscriber_id: one for one in subscriptions().filter(pk__in=latest)}


def subscriptions_of(subscriber_ids: Collection[int]) -> list[Subscription]:
    """All they ever had, each with its plan, the first first."""
    return list(Subscription.objects.select_related("plan").filter(subscriber__in=subscriber_ids).order_by("id"))


def last_payments_of(subscriber_ids: Collection[int]) -> dict[int, Payment]:
    """The last of each who paid, by subscriber."""
    theirs = Payment.objects.filter(subscription__subscriber=OuterRef("pk")).order_by("-paid_at", "-id")
    last = Subscriber.objects.filter(pk__in=subscriber_ids).values_list(Subquery(theirs.values("pk")[:1]))
    found = Payment.objects.select_related("subscription").filter(pk__in=last)
    return {one.subscription.subscriber_id: one for one in found}


def latest_status(subscriber: OuterRef) -> Subquery:
    """For another query: the status of a subscriber's latest subscription."""
    return Subquery(Subscription.objects.filter(subscriber=subscriber).order_by("-id").values("status")[:1])


def get_subscription(subscription_id: int) -> Subscription:
    return subscriptions().get(pk=subscription_id)


def get_payment(payment_id: int) -> Payment:
    return payments().get(pk=payment_id)


def get_refund(refund_id: int) -> Refund:
    return Refund.objects.select_related("payment__subscription__subscriber").get(pk=refund_id)


def subscriptions_begun_between(start: datetime, end: datetime) -> QuerySet[Subscription]:
    """`end` excluded; those that were cancelled since are among them."""
    return Subscription.objects.filter(starts_at__gte=start, starts_at__lt=end)
