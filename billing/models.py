from django.conf import settings
from django.db import models


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
