from django.db import models


class Metric(models.TextChoices):
    """What is counted of a day. Money is in cents, and what went back that day is taken off."""

    CUSTOMERS = "customers", "customers who signed up"
    VENUES = "venues", "venues that joined"
    REVENUE = "revenue", "payments less refunds"
    SUBSCRIPTIONS = "subscriptions", "subscriptions begun"
    CHATS = "chats", "private chats opened"
    MESSAGES = "messages", "messages said"
    SCANS = "scans", "QR codes scanned"
    REDEMPTIONS = "redemptions", "offers redeemed"
    ACTIVE_USERS = "active_users", "people active in the 30 days up to it"


class Scope(models.TextChoices):
    """Whose figure it is: `scope_id` is a venue's, workspace's or plan's id, or the hour (UTC); 0 for the platform."""

    PLATFORM = "platform"
    VENUE = "venue"
    WORKSPACE = "workspace"
    PLAN = "plan"
    HOUR = "hour"


class DailyRollup(models.Model):
    """What a day that is over came to, in UTC. Nothing of it is known that could not be counted again.

    Every closed day has the platform's figures, noughts included; of the other scopes noughts are left out.
    """

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    metric = models.CharField(max_length=15, choices=Metric.choices)
    scope = models.CharField(max_length=10, choices=Scope.choices)
    scope_id = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=3, blank=True, help_text="The currency of an amount.")
    value = models.BigIntegerField()
    counted_at = models.DateTimeField(help_text="When it was found to be this.")

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("scope", "metric", "day", "scope_id", "unit", "value"), name="rollup_by_metric"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("scope", "scope_id", "day", "metric", "unit"), name="a_days_figure_is_stored_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.metric} of {self.scope} {self.scope_id} on {self.day}"


class MonthlyRollup(models.Model):
    """The sum of a month's closed days, made anew with every change of them: most of what is shown is whole months."""

    id = models.BigAutoField(primary_key=True)
    month = models.DateField(help_text="Its first day.")
    metric = models.CharField(max_length=15, choices=Metric.choices)
    scope = models.CharField(max_length=10, choices=Scope.choices)
    scope_id = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=3, blank=True, help_text="The currency of an amount.")
    value = models.BigIntegerField()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("scope", "scope_id", "month", "metric", "unit"), name="a_months_figure_is_stored_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.metric} of {self.scope} {self.scope_id} in {self.month:%Y-%m}"


class RollupEdition(models.Model):
    """What the state the rollups are in is called: one row, written with every change of them."""

    id = models.SmallIntegerField(primary_key=True)
    name = models.UUIDField()

    def __str__(self) -> str:
        return str(self.name)
