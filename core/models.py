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
