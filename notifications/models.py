from django.conf import settings
from django.db import models


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
