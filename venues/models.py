from datetime import timedelta
from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing.models import Subscriber


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    if name not in _time_zones():
        raise ValidationError("This is not a time zone of the IANA database.", code="time_zone")


class Certainty(models.TextChoices):
    """How sure we are that someone is at a venue, weakest first."""

    CLAIMED = "claimed", "said so at login"
    QR = "qr", "scanned a current code"
    QR_GEO = "qr_geo", "scanned a current code within the venue's radius"

    def is_enough_for(self, required: str) -> bool:
        order = list(Certainty)
        return order.index(self) >= order.index(Certainty(required))


class Venue(models.Model):
    """A place that takes customers while it is active. A closed one keeps its history.

    A status that a superuser set is `held_by_platform`: the owner cannot undo it.
    """

    class Kind(models.TextChoices):
        PUB = "pub"
        BAR = "bar"
        RESTAURANT = "restaurant"
        SERVICE_CENTRE = "service_centre"

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.PUB)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE, db_index=True)
    held_by_platform = models.BooleanField(
        default=False, help_text="A superuser set this status, and only a superuser may change it."
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="venues"
    )
    subscriber = models.OneToOneField(
        Subscriber,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="venue",
        help_text="Whom billing knows it as, from its first subscription on.",
    )
    address = models.CharField(max_length=255, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=20, blank=True)
    qr_gen_frequency_hours = models.PositiveIntegerField(
        default=24, validators=[MinValueValidator(1), MaxValueValidator(24 * 365)]
    )
    check_in_hours = models.PositiveIntegerField(default=6, validators=[MinValueValidator(1), MaxValueValidator(48)])
    radius_meters = models.PositiveIntegerField(
        default=150,
        validators=[MinValueValidator(1), MaxValueValidator(100_000)],
        help_text="How near the phone must be for qr_geo.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("latitude", "longitude"), name="venue_by_place"),
            models.Index(fields=("created_at",), name="venue_by_age"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None)
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                ),
                name="venue_place_is_whole_and_on_earth",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_serving(self) -> bool:
        return self.status == self.Status.ACTIVE


class OpeningHours(models.Model):
    """One span of one weekday in the venue's time zone; one that closes at or before it opens ends the next day."""

    class Day(models.IntegerChoices):
        MONDAY = 0
        TUESDAY = 1
        WEDNESDAY = 2
        THURSDAY = 3
        FRIDAY = 4
        SATURDAY = 5
        SUNDAY = 6

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="opening_hours")
    day = models.PositiveSmallIntegerField(choices=Day.choices)
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        verbose_name_plural = "opening hours"
        ordering = ("day", "opens")
        constraints = (models.UniqueConstraint(fields=("venue", "day", "opens"), name="opens_once_at_a_time"),)

    def __str__(self) -> str:
        return f"{self.get_day_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


class VarId(models.Model):
    """What a venue's QR code says. One that rotates ends; one an admin named (`v1`) lasts until an admin ends it.

    `is_shown` is the one the venue's screen shows, or showed until it ran out; rotation makes another that one.
    """

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="var_ids")
    value = models.CharField(max_length=64, unique=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    is_named = models.BooleanField(default=False, help_text="Chosen by an admin; not replaced by rotation.")
    is_shown = models.BooleanField(default=False, editable=False)

    # How long a code still serves after another took its place, and at least serves after a screen showed it.
    GRACE = timedelta(minutes=10)

    class Meta:
        verbose_name = "var id"
        ordering = ("-id",)
        indexes = (models.Index(fields=("venue", "-valid_until"), name="var_id_by_venue"),)
        constraints = (
            models.UniqueConstraint(fields=("venue",), condition=Q(is_shown=True), name="venue_shows_one_var_id"),
            models.CheckConstraint(
                condition=Q(is_named=True, is_shown=False) | Q(is_named=False, valid_until__isnull=False),
                name="var_id_is_named_or_rotates",
            ),
        )

    def __str__(self) -> str:
        return self.value


class Scan(models.Model):
    """Somebody's phone read a QR code. Append-only. Where the phone was is not kept, only whether it was near."""

    id = models.BigAutoField(primary_key=True)
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="scans")
    var_id = models.ForeignKey(VarId, on_delete=models.CASCADE, related_name="scans")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="scans")
    certainty = models.CharField(max_length=10, choices=Certainty.choices)
    scanned_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("venue", "scanned_at"), name="scan_by_venue"),
            models.Index(fields=("user", "scanned_at"), name="scan_by_user"),
            models.Index(fields=("scanned_at", "venue"), name="scan_by_time"),
            models.Index(fields=("venue", "user", "scanned_at"), include=("id",), name="scan_by_visitor"),
        )

    def __str__(self) -> str:
        return f"scan {self.pk}"


class Presence(models.Model):
    """Where a customer is now: at one venue at most, until they check out, go elsewhere or time runs out."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presence")
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="presences")
    certainty = models.CharField(max_length=10, choices=Certainty.choices)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "presences"
        indexes = (models.Index(fields=("venue", "until"), name="presence_by_venue"),)

    def __str__(self) -> str:
        return f"{self.user_id} at {self.venue_id} until {self.until:%H:%M}"


class Visit(models.Model):
    """Somebody came to a venue. Append-only; renewing one's presence at the same venue is the same visit."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="visits")
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="visits")
    certainty = models.CharField(max_length=10, choices=Certainty.choices)
    started_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("venue", "-started_at"), name="visit_by_venue"),
            models.Index(fields=("venue", "user"), name="visit_by_venue_and_user"),
            models.Index(fields=("started_at", "user"), name="visit_by_time"),
        )

    def __str__(self) -> str:
        return f"visit {self.pk}"
