from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.contrib.admin.models import LogEntry
from unfold.decorators import display

from core.admin_kit import GrowingAdmin, ReadOnlyAdmin
from core.models import IdempotentRequest, Job, JobRun, RateWindow


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
    list_display = ("name", "schedule", "outcome", "ended_at", "last_seconds", "runs", "failures", "last_error")
    list_filter = ("result", "ended_at")
    search_fields = ("name",)

    @display(description="last run", ordering="result", label={"done": "success", "failed": "danger", "never": "info"})
    def outcome(self, job: Job) -> str:
        return job.result or "never"


@admin.register(JobRun)
class JobRunAdmin(GrowingAdmin[JobRun]):
    """The latest runs of what has a schedule, and of the rest what failed."""

    list_display = ("ended_at", "job_name", "seconds", "is_done", "error")
    list_filter = ("job", "ended_at", ("error", EmptyFieldListFilter))
    search_fields = ("job__name", "error")

    @display(description="job", ordering="job")
    def job_name(self, run: JobRun) -> str:
        return run.job_id

    @display(description="done", boolean=True)
    def is_done(self, run: JobRun) -> bool:
        return not run.error
