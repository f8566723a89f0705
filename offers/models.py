import uuid

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from venues.models import Certainty, Venue


class Offer(models.Model):
    """Something a venue gives its guests, a limited number of times.

    `redeemed_count` is how many redemptions there are; it is counted up in the transaction that stores each.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="offers")
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=2000)
    terms = models.TextField(blank=True, max_length=2000)
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    total_quota = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    per_customer_limit = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    eligible_memberships = models.JSONField(default=list, blank=True, help_text="Tiers; empty means everyone.")
    presence_required = models.CharField(max_length=10, choices=Certainty.choices, default=Certainty.CLAIMED)
    budget = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, help_text="What the venue means to spend on it."
    )
    redeemed_count = models.PositiveIntegerField(default=0, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "id")
        indexes = (
            models.Index(fields=("venue", "expires_at"), name="offer_by_venue"),
            models.Index(fields=("-created_at", "id"), name="offer_by_age"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(expires_at__gt=F("starts_at")), name="offer_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(total_quota=None) | Q(redeemed_count__lte=F("total_quota")), name="quota_is_kept"
            ),
            models.CheckConstraint(
                condition=Q(per_customer_limit__gte=1) & (Q(total_quota=None) | Q(total_quota__gte=1)),
                name="offer_can_be_redeemed_at_all",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def remaining(self) -> int | None:
        """How many are left; None without a quota."""
        return None if self.total_quota is None else self.total_quota - self.redeemed_count


class Redemption(models.Model):
    """A customer got what an offer gives. Append-only. `ordinal` counts the same customer's, from 1."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="redemptions")
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="redemptions")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="redemptions")
    ordinal = models.PositiveIntegerField()
    code = models.CharField(max_length=12, unique=True, help_text="What the customer shows at the bar.")
    certainty = models.CharField(max_length=10, choices=Certainty.choices)
    redeemed_at = models.DateTimeField()

    class Meta:
        ordering = ("-redeemed_at", "id")
        indexes = (
            models.Index(fields=("venue", "-redeemed_at"), name="redemption_by_venue"),
            models.Index(fields=("customer", "-redeemed_at"), name="redemption_by_customer"),
            models.Index(fields=("redeemed_at", "venue"), name="redemption_by_time"),
        )
        constraints = (
            models.UniqueConstraint(fields=("offer", "customer", "ordinal"), name="each_redemption_counted_once"),
        )

    def __str__(self) -> str:
        return self.code
