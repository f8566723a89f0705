from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

CENT = Decimal("0.01")


class Tier(models.TextChoices):
    BASIC = "basic"
    PLUS = "plus"
    PREMIUM = "premium"


class Membership(models.Model):
    """A person's membership tier. Without a live one they are of no tier."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership")
    tier = models.CharField(max_length=10, choices=Tier.choices)
    started_at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.tier} of {self.user_id}"


three_capital_letters = RegexValidator(r"\A[A-Z]{3}\Z", "Three capital letters.")


class Subscriber(models.Model):
    """Who is billed. What they are is known to the app whose row refers here; a venue is one."""

    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """What can be subscribed to, and for how much each period. One that is not active takes no new subscribers."""

    class Period(models.TextChoices):
        MONTH = "month"
        YEAR = "year"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60, unique=True)
    price = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, validators=[three_capital_letters])
    period = models.CharField(max_length=5, choices=Period.choices)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = (models.CheckConstraint(condition=Q(price__gte=0), name="plan_price_is_not_negative"),)

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A subscriber's plan, paid for or free to try until its period ends. Each subscriber has one live one at most."""

    class Status(models.TextChoices):
        TRIAL = "trial"
        ACTIVE = "active"
        PAST_DUE = "past_due"
        CANCELLED = "cancelled"

    LIVE = (Status.TRIAL, Status.ACTIVE, Status.PAST_DUE)

    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=10, choices=Status.choices)
    starts_at = models.DateTimeField()
    current_period_ends_at = models.DateTimeField()
    reminded_of = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The end of a period that was told of beforehand."
    )
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("status", "current_period_ends_at"), name="subscription_by_end"),)
        constraints = (
            models.UniqueConstraint(
                fields=("subscriber",),
                condition=Q(status__in=("trial", "active", "past_due")),
                name="one_live_subscription",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | (~Q(status="cancelled") & Q(cancelled_at=None)),
                name="cancelled_subscription_says_when",
            ),
            models.CheckConstraint(
                condition=Q(current_period_ends_at__gt=F("starts_at")), name="subscription_period_ends_after_start"
            ),
        )

    def __str__(self) -> str:
        return f"subscription {self.pk}"

    @property
    def is_trial(self) -> bool:
        return self.status == self.Status.TRIAL

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE


class Payment(models.Model):
    """Money that came in for one period of a subscription; nothing, where a coupon covered the price.

    Append-only but for `refunded`, the sum of its refunds.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="payments")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="payments", help_text="At that time.")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3, validators=[three_capital_letters])
    discount = models.DecimalField(
        max_digits=10, decimal_places=2, default=0, help_text="What a coupon took off the price."
    )
    refunded = models.DecimalField(max_digits=10, decimal_places=2, default=0, editable=False)
    paid_at = models.DateTimeField()

    class Meta:
        ordering = ("-paid_at", "-id")
        indexes = (models.Index(fields=("-paid_at", "-id"), name="payment_by_time"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(amount=0, discount__gt=0), name="payment_or_its_discount_is_of_something"
            ),
            models.CheckConstraint(condition=Q(discount__gte=0), name="discount_is_not_negative"),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("amount")), name="no_more_refunded_than_paid"
            ),
        )

    def __str__(self) -> str:
        return f"payment {self.pk}"


class Refund(models.Model):
    """Money of a payment that went back. Append-only."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason = models.CharField(max_length=255, blank=True)
    refunded_at = models.DateTimeField()

    class Meta:
        ordering = ("-refunded_at", "-id")
        indexes = (models.Index(fields=("-refunded_at", "-id"), name="refund_by_time"),)
        constraints = (models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_of_something"),)

    def __str__(self) -> str:
        return f"refund {self.pk}"


class Coupon(models.Model):
    """A code that takes a percentage or an amount off a price. `redeemed_count` is how many redemptions there are."""

    code = models.CharField(max_length=40, validators=[RegexValidator(r"\A[A-Za-z0-9_-]+\Z", "Letters, digits, - _.")])
    percent = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    amount = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(CENT)]
    )
    currency = models.CharField(
        max_length=3, validators=[three_capital_letters], blank=True, help_text="Of the amount."
    )
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    total_limit = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    per_subscriber_limit = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    redeemed_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(Upper("code"), name="coupon_code_unique_without_case"),
            models.CheckConstraint(
                condition=Q(percent__isnull=False, percent__range=(1, 100), amount=None, currency="")
                | (Q(percent=None, amount__isnull=False, amount__gt=0) & ~Q(currency="")),
                name="coupon_takes_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name="coupon_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(total_limit=None) | Q(total_limit__gte=1, redeemed_count__lte=F("total_limit")),
                name="coupon_limit_is_kept",
            ),
            models.CheckConstraint(condition=Q(per_subscriber_limit__gte=1), name="coupon_is_for_somebody"),
        )

    def __str__(self) -> str:
        return self.code

    @property
    def remaining(self) -> int | None:
        """How often it still serves; None without a limit."""
        return None if self.total_limit is None else self.total_limit - self.redeemed_count


class CouponRedemption(models.Model):
    """A coupon took something off a price. Append-only. `ordinal` counts the same subscriber's, from 1.

    `payment` is empty where a subscription began with it, and nothing was left to pay.
    """

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="redemptions")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="coupon_redemptions")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="coupon_redemptions")
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="coupon_redemption"
    )
    ordinal = models.PositiveIntegerField()
    discount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3, validators=[three_capital_letters])
    redeemed_at = models.DateTimeField()

    class Meta:
        ordering = ("-redeemed_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("coupon", "subscriber", "ordinal"), name="each_coupon_redemption_counted_once"
            ),
            models.CheckConstraint(condition=Q(discount__gt=0), name="coupon_took_something_off"),
        )

    def __str__(self) -> str:
        return f"{self.coupon_id} for {self.subscriber_id}"
