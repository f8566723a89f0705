from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone


class ActivityEntry(models.Model):
    """Something that happened, written down with it. The database refuses to change or delete one.

    So nothing stands here that somebody may want forgotten: people are told by their accounts, which can be blanked,
    and never by a name, an address or a number in `summary` or `details`.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="activity",
        help_text="Who did it; nobody where time did, or where it is not known.",
    )
    type = models.CharField(max_length=40)
    summary = models.CharField(max_length=255)
    target_type = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "activity"
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("-at", "-id"), name="activity_by_time"),
            models.Index(fields=("type", "-at", "-id"), name="activity_by_type"),
            models.Index(fields=("actor", "-at", "-id"), name="activity_by_actor"),
            models.Index(fields=("target_type", "target_id", "-id"), name="activity_by_target"),
        )

    def __str__(self) -> str:
        return self.summary


class FeedEntry(models.Model):
    """Something that the people of a feed are shown to have happened there. Old ones go in the end.

    Like the log's, `summary` holds nobody's name: it says what the actor did, and their name is put before it when it
    is read, so that who leaves is forgotten here too.
    """

    id = models.BigAutoField(primary_key=True)
    feed = models.CharField(max_length=40, help_text="Whose it is, such as `workspace-1`.")
    audience = models.CharField(max_length=40, blank=True, help_text="Which part of its people it is for; empty: all.")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.CharField(max_length=40)
    ref_id = models.BigIntegerField(
        help_text="Of what it was done to; which kind of thing that is follows from `type`."
    )
    summary = models.CharField(max_length=255)

    class Meta:
        verbose_name_plural = "feed entries"
        ordering = ("-id",)
        indexes = (
            models.Index("feed", "audience", F("id") * -1, name="feed_latest_first_an_audience"),
            models.Index(fields=("actor", "feed", "-at"), name="feed_by_actor"),
        )

    def __str__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        """Who did what, for people."""
        return f"{self.actor.first_name or self.actor.username} {self.summary}"
