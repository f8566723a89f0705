"""What billing announces. `by_id` is None where nobody decided it: time did."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PlanCreated:
    plan_id: int
    by_id: int


@dataclass(frozen=True)
class PlanChanged:
    plan_id: int
    fields: tuple[str, ...]
    by_id: int


@dataclass(frozen=True)
class SubscriptionStarted:
    subscription_id: int
    by_id: int


@dataclass(frozen=True)
class SubscriptionStatusChanged:
    subscription_id: int
    old: str
    new: str
    by_id: int | None


@dataclass(frozen=True)
class SubscriptionEnding:
    """It ends soon, unless somebody pays. Told once for each period."""

    subscription_id: int
    ends_at: datetime


@dataclass(frozen=True)
class PaymentRecorded:
    payment_id: int
    by_id: int


@dataclass(frozen=True)
class PaymentRefunded:
    refund_id: int
    payment_id: int
    by_id: int


@dataclass(frozen=True)
class CouponCreated:
    coupon_id: int
    by_id: int


@dataclass(frozen=True)
class CouponEnded:
    coupon_id: int
    by_id: int


@dataclass(frozen=True)
class CouponRedeemed:
    redemption_id: int
    coupon_id: int
    by_id: int
