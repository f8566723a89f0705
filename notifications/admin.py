from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from core.admin_kit import GrowingAdmin, ReadOnlyAdmin, list_action, page_action
from notifications.kinds import known_kinds
from notifications.models import InboxLease, Notification, OutboxMail, Preference
from notifications.services.mails import resend_mail


@admin.register(OutboxMail)
class OutboxMailAdmin(GrowingAdmin[OutboxMail]):
    """What was written stays sealed; a mail can be sent again without being read."""

    hidden = ("sealed_text", "sealed_html")
    list_display = ("created_at", "recipient", "subject", "state", "attempts", "due_at", "sent_at", "last_error")
    list_filter = ("status", "created_at", "holds_secret")
    search_fields = ("recipient", "subject", "user__username")
    actions = ("resend",)
    actions_detail = ("resend_this",)

    @display(description="status", ordering="status", label={"sent": "success", "failed": "danger", "queued": "info"})
    def state(self, mail: OutboxMail) -> str:
        return mail.status

    @list_action("Send the selected again")
    def resend(self, request: HttpRequest, mail: OutboxMail) -> None:
        resend_mail(mail=mail)

    @page_action("Send again", question="A mail that waits is sent now; one that has left goes as a new one.")
    def resend_this(self, request: HttpRequest, mail: OutboxMail, form: Any) -> None:
        resend_mail(mail=mail)


class KindFilter(admin.SimpleListFilter):
    """The kinds that are declared, so that a table that grows is not read for its own."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.name, kind.title) for kind in known_kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Notification)
class NotificationAdmin(GrowingAdmin[Notification]):
    """What users were told of."""

    list_display = ("created_at", "recipient", "kind", "sentence", "state", "in_app", "email_due_at", "mailed_at")
    list_filter = (KindFilter, "in_app", "created_at", ("read_at", admin.EmptyFieldListFilter))
    list_select_related = ("recipient", "actor")
    search_fields = ("recipient__username", "recipient__email", "actor__username", "dedupe_key")
    shown_besides = ("sentence",)

    @display(description="status", ordering="read_at", label={"read": "success", "unread": "info"})
    def state(self, notification: Notification) -> str:
        return "unread" if notification.read_at is None else "read"


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin[Preference]):
    """How users said that they want to be told."""

    list_display = ("user", "kind", "channel", "enabled")
    list_filter = (KindFilter, "channel", "enabled")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")


@admin.register(InboxLease)
class InboxLeaseAdmin(ReadOnlyAdmin[InboxLease]):
    """Whose inbox is open."""

    list_display = ("user", "node", "expires_at")
    list_filter = ("expires_at",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("-expires_at", "-id")
