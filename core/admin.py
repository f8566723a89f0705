from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.contrib.admin.models import LogEntry
from unfold.decorators import display

from core.admin_kit import GrowingAdmin, ReadOnlyAdmin
from core.models import IdempotentRequest, Job, JobRun, RateWindow
from core.schedule import in_words


def duration(seconds: float) -> str:
    """As long as it was, for people."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s"


@admin.register(LogEntry)
class LogEntryAdmin(GrowingAdmin[LogEntry]):
    """What was done through these pages."""

    list_display = ("action_time", "user", "action", "content_type", "object_repr", "changes")
    list_display_links = ("action_time",)
    list_filter = ("action_flag", "action_time")
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "user__username")

    @display(description="action", ordering="action_flag", label={"added": "success", "deleted": "danger"})
    def action(self, entry: LogEntry) -> str:
        return "added" if entry.is_addition() else "deleted" if entry.is_deletion() else "changed"

    @display(description="changes")
    def changes(self, entry: LogEntry) -> str:
        return entry.get_change_message()


@admin.register(RateWindow)
class RateWindowAdmin(GrowingAdmin[RateWindow]):
    hidden = ("key",)
    shown_besides = ("short_key",)
    list_display = ("started_at", "count", "short_key")
    list_filter = ("started_at",)
    ordering = ("-started_at",)
    search_fields = ("key__startswith",)
    search_help_text = "The beginning of a key: whose it is cannot be told."

    @display(description="key", ordering="key")
    def short_key(self, window: RateWindow) -> str:
        return f"{window.key[:12]}…"


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(GrowingAdmin[IdempotentRequest]):
    """The answers are sealed, and stay so."""

    hidden = ("scope", "fingerprint", "claim", "answer")
    shown_besides = ("short_scope", "is_answered")
    list_display = ("created_at", "short_scope", "claimed_until", "is_answered")
    list_filter = ("created_at",)
    ordering = ("-created_at",)
    search_fields = ("scope__startswith",)
    search_help_text = "The beginning of a scope: whose it is cannot be told."

    @display(description="scope", ordering="scope")
    def short_scope(self, asked: IdempotentRequest) -> str:
        return f"{asked.scope[:12]}…"

    @display(description="answered", boolean=True)
    def is_answered(self, asked: IdempotentRequest) -> bool:
        return bool(asked.answer)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    hidden = ("schedule", "last_seconds", "seconds")
    shown_besides = ("runs_when", "last_took", "took_in_all")
    list_display = ("name", "runs_when", "outcome", "ended_at", "last_took", "runs", "failures", "last_error")
    list_filter = ("result", "ended_at")
    search_fields = ("name",)

    @display(description="last run", ordering="result", label={"done": "success", "failed": "danger", "never": "info"})
    def outcome(self, job: Job) -> str:
        return job.result or "never"

    @display(description="schedule", ordering="schedule")
    def runs_when(self, job: Job) -> str:
        return in_words(job.schedule)

    @display(description="last took", ordering="last_seconds")
    def last_took(self, job: Job) -> str | None:
        return duration(job.last_seconds) if job.ended_at else None

    @display(description="all runs took")
    def took_in_all(self, job: Job) -> str | None:
        return duration(job.seconds) if job.ended_at else None


@admin.register(JobRun)
class JobRunAdmin(GrowingAdmin[JobRun]):
    """The latest runs of what has a schedule, and of the rest what failed."""

    hidden = ("seconds",)
    shown_besides = ("took",)
    list_display = ("ended_at", "job_name", "took", "is_done", "error")
    list_filter = ("job", "ended_at", ("error", EmptyFieldListFilter))
    search_fields = ("job__name", "error")

    @display(description="job", ordering="job")
    def job_name(self, run: JobRun) -> str:
        return run.job_id

    @display(description="took", ordering="seconds")
    def took(self, run: JobRun) -> str:
        return duration(run.seconds)

    @display(description="done", boolean=True)
    def is_done(self, run: JobRun) -> bool:
        return not run.error
