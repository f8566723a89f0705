from django.db import models


class RateWindow(models.Model):
    """How often something was done since `started_at`. `key` is a keyed hash: no address or name is readable here."""

    key = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.count} since {self.started_at:%Y-%m-%d %H:%M:%S}"


class IdempotentRequest(models.Model):
    """One use of an Idempotency-Key: claimed while it runs, then holding the answer, sealed."""

    scope = models.CharField(max_length=64, primary_key=True, help_text="Keyed hash of the caller, path and key.")
    fingerprint = models.CharField(max_length=64, help_text="Keyed hash of the method and body.")
    claim = models.UUIDField(help_text="Who runs it now; a claim that ran out may be taken over.")
    claimed_until = models.DateTimeField()
    answer = models.TextField(blank=True, help_text="The sealed first answer; empty while it runs.")
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.scope[:12]} ({'answered' if self.answer else 'running'})"


class Job(models.Model):
    """Something that runs by itself, by its name: when it is to run, how it went last, and how it went so far."""

    class Result(models.TextChoices):
        NEVER = "", "never"
        DONE = "done"
        FAILED = "failed"

    name = models.CharField(max_length=100, primary_key=True)
    schedule = models.CharField(max_length=50, blank=True, help_text="Minute and hour in UTC; none: when asked for.")
    claimed_for = models.DateTimeField(null=True, help_text="The minute of its schedule that it was last queued for.")
    claimed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=10, choices=Result.choices, blank=True)
    last_seconds = models.FloatField(default=0)
    last_error = models.CharField(max_length=100, blank=True, help_text="Of the last run that failed: its kind.")
    runs = models.BigIntegerField(default=0)
    failures = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0, help_text="Of all runs.")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class JobRun(models.Model):
    """One run of a job with a schedule, or one that failed. The latest of each job are kept."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="history")
    ended_at = models.DateTimeField()
    seconds = models.FloatField()
    error = models.CharField(max_length=100, blank=True, help_text="What it failed with; none: it is done.")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.job_id} at {self.ended_at:%Y-%m-%d %H:%M:%S}"
