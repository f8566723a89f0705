from django.conf import settings
from django.db import models
from django.db.models import Q


class OutboxMail(models.Model):
    """A mail to send, stored in the transaction that causes it. The body is sealed, and wiped if it held a secret."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="mails",
        help_text="Whose mail it is, where that is known: it goes when they go.",
    )
    recipient = models.EmailField()
    subject = models.CharField(max_length=255)
    sealed_text = models.TextField()
    sealed_html = models.TextField(blank=True)
    holds_secret = models.BooleanField(default=False, help_text="Its body is wiped once sent, failed or too late.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker took it up.")
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Not worth sending after this.")
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "mail"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("status", "due_at"), name="mail_by_due"),
            models.Index(fields=("created_at",), name="mail_by_age"),
        )

    def __str__(self) -> str:
        return f"mail {self.pk}: {self.subject}"


class Notification(models.Model):
    """Something a user is told of, once. Their name whose doing it was is not stored: it goes when they do."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications", db_index=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose doing it was, where it was somebody's.",
    )
    kind = models.CharField(max_length=40)
    message = models.CharField(max_length=255, help_text="Without the actor's name, which stands before it when shown.")
    details = models.JSONField(default=dict, blank=True, help_text="Ids of what it is about.")
    dedupe_key = models.CharField(max_length=200, help_text="What is told of once.")
    in_app = models.BooleanField(default=True, help_text="It is in the inbox; otherwise it only goes by e-mail.")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    email_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When it is mailed if it is unread then; empty once that is settled."
    )
    mailed_at = models.DateTimeField(null=True, blank=True, help_text="When its mail was queued.")

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("recipient", "dedupe_key"), name="told_of_once"),)
        indexes = (
            models.Index(fields=("recipient", "-id"), condition=Q(in_app=True), name="notification_by_recipient"),
            models.Index(
                fields=("recipient", "-id"), condition=Q(in_app=True, read_at=None), name="notification_unread"
            ),
            models.Index(
                fields=("email_due_at",), condition=Q(email_due_at__isnull=False), name="notification_by_mail_due"
            ),
            models.Index(fields=("created_at",), name="notification_by_age"),
            models.Index(fields=("read_at",), condition=Q(read_at__isnull=False), name="notification_by_reading"),
        )

    def __str__(self) -> str:
        return f"notification {self.pk}"

    @property
    def sentence(self) -> str:
        """What it says, with the name of whose doing it was: for people."""
        if self.actor is None:
            return self.message
        name = "Somebody" if self.actor.anonymised_at else self.actor.first_name or self.actor.username
        return f"{name} {self.message}"


class Preference(models.Model):
    """How a user wants to be told of a kind, where they said so."""

    class Channel(models.TextChoices):
        IN_APP = "in_app", "in the app"
        EMAIL = "email", "by e-mail"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_preferences", db_index=False
    )
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    enabled = models.BooleanField()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("user", "kind", "channel"), name="preferred_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.channel}: {'on' if self.enabled else 'off'}"


class InboxLease(models.Model):
    """A user's inbox is open, through one server process, for as long as that process renews this."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    node = models.UUIDField(db_index=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "node"), name="inbox_leased_once_by_a_node"),)

    def __str__(self) -> str:
        return f"{self.user_id} until {self.expires_at:%H:%M:%S}"
