import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper


class UserType(models.Model):
    """What kind of user someone is. Rows with stable ids and slugs: clients were promised some of them."""

    SUPERUSER = "superuser"
    VENUE_OWNER = "venue_owner"
    CUSTOMER = "customer"
    INFLUENCER = "influencer"
    BRAND = "brand"
    ENTREPRENEUR = "entrepreneur"
    MEMBER = "member"
    VENDOR = "vendor"
    SUPPORT = "support"

    id = models.PositiveSmallIntegerField(primary_key=True)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class Gender(models.TextChoices):
    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNSPECIFIED = "", "not said"


class UserManager(DjangoUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Usernames are compared without case."""
        return self.get(username__iexact=username)

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        return super().create_superuser(username, email, password, user_type_id=UserType.SUPERUSER, **fields)


class User(AbstractUser):
    """One account on every surface."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    username = models.CharField(max_length=150, unique=True, validators=[ASCIIUsernameValidator()])
    email = models.EmailField(unique=True, help_text="Kept in lower case.")
    email_proved_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the address was last proved to be theirs."
    )
    gender = models.CharField(max_length=10, choices=Gender.choices, blank=True)
    user_type = models.ForeignKey(UserType, to_field="slug", on_delete=models.PROTECT, related_name="users")
    anonymised_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the person left: what remains is nobody's account."
    )

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("user_type", "date_joined"), name="user_by_age"),)
        constraints = (
            models.UniqueConstraint(Upper("username"), name="username_unique_without_case"),
            models.CheckConstraint(
                condition=Q(is_superuser=True, user_type="superuser")
                | (Q(is_superuser=False) & ~Q(user_type="superuser")),
                name="superusers_are_of_that_type",
            ),
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()
        super().save(*args, **kwargs)

    @property
    def is_customer(self) -> bool:
        return self.user_type_id == UserType.CUSTOMER


class CustomerProfile(models.Model):
    """What a customer shows of themselves, and what we know to be true of them."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="customer_profile")
    name = models.CharField(max_length=100)
    one_line_desc = models.CharField(max_length=255, blank=True)
    interests = models.JSONField(default=list, blank=True)
    doj = models.DateTimeField("date of joining", auto_now_add=True)
    is_verified = models.BooleanField(default=False, help_text="The e-mail address is proved to be theirs.")
    otp_validated = models.BooleanField(default=False, help_text="Proved by a one-time password.")

    def __str__(self) -> str:
        return self.name


class Session(models.Model):
    """One login on one device. Its tokens carry its id, and die with it.

    Of the current refresh token, and of the one it replaced, only the hash of the token's id is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    surface = models.CharField(max_length=20)
    device = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    access_lifetime = models.DurationField()
    refresh_lifetime = models.DurationField()
    refresh_hash = models.CharField(max_length=64)
    previous_refresh_hash = models.CharField(max_length=64, blank=True)
    refreshed_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("user", "-last_seen_at"), name="session_by_user"),
            models.Index(fields=("revoked_at",), condition=Q(revoked_at__isnull=False), name="session_by_end"),
        )

    def __str__(self) -> str:
        return f"{self.surface} session {self.id}"


class SocketTicket(models.Model):
    """A signed-in user's way to open one WebSocket where only the URL can carry a secret. Used once, and gone."""

    hash = models.CharField(max_length=64, primary_key=True, help_text="Keyed hash of the ticket.")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(db_index=True)
    access_expires_at = models.DateTimeField(help_text="Of the token that asked for it: the socket ends then.")

    def __str__(self) -> str:
        return f"ticket of session {self.session_id}"


class Invitation(models.Model):
    """A link that lets the person of an account set its first password. Used once."""

    hash = models.CharField(max_length=64, unique=True, editable=False, help_text="Keyed hash of the link's token.")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(blank=True, db_default="", editable=False, help_text="Where the link was mailed to.")
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class OneTimePassword(models.Model):
    """A code that was asked for. The row is the same whether or not the address has an account: who asked for an
    unknown one is told nothing by answer or time, since the account is looked up and the code made by a job.
    """

    surface = models.CharField(max_length=20)
    email = models.EmailField()
    username = models.CharField(max_length=150, blank=True, help_text="Must be the same customer's, where given.")
    user_type = models.CharField(max_length=50, blank=True, help_text="The account must be of this type, where given.")
    context = models.JSONField(default=dict, blank=True, help_text="What the asking app wants back with the code.")
    requested_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    code_hash = models.CharField(max_length=64, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True, help_text="When the job looked; empty while it waits.")
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "one-time password"
        ordering = ("-id",)
        indexes = (models.Index(fields=("email", "surface", "-id"), name="otp_by_address"),)

    def __str__(self) -> str:
        return f"one-time password {self.pk} on {self.surface}"


class ExternalIdentity(models.Model):
    """Who an account is at an OpenID provider."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="external_identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "external identities"
        constraints = (models.UniqueConstraint(fields=("issuer", "subject"), name="one_account_per_external_identity"),)

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class Block(models.Model):
    """`blocker` wants to hear nothing from `blocked`."""

    blocker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="blocks_made")
    blocked = models.ForeignKey(User, on_delete=models.CASCADE, related_name="blocks_received")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("blocker", "blocked"), name="blocked_once"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="nobody_blocks_themselves"),
        )

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"


class Report(models.Model):
    """A complaint about someone, for the platform's people to look at."""

    reporter = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="reports_made")
    reported = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reports_received")
    reason = models.TextField(max_length=2000)
    message_id = models.BigIntegerField(null=True, blank=True, help_text="The message complained about, if any.")
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"report {self.pk}"
