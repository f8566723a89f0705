from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from core.admin_kit import GrowingAdmin, list_action, page_action
from notifications.models import OutboxMail
from notifications.services import resend_mail


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
