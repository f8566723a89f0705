from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from billing.models import Membership
from billing.services.memberships import end_membership, grant_membership
from core.admin_kit import GovernedAdmin, list_action


@admin.register(Membership)
class MembershipAdmin(GovernedAdmin[Membership]):
    """Granting one takes the place of what the person was."""

    list_display = ("user", "tier", "is_live", "started_at", "ends_at")
    list_filter = ("tier", "started_at", "ends_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    ordering = ("-started_at", "-id")
    autocomplete_fields = ("user",)
    readonly_fields = ("started_at",)
    fields = ("user", "tier", "ends_at", "started_at")
    actions = ("end",)

    @display(description="live", boolean=True)
    def is_live(self, membership: Membership) -> bool:
        return membership.ends_at is None or membership.ends_at > timezone.now()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.readonly_fields if obj is None else ("user", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        ends_at = form.cleaned_data["ends_at"]
        self.take_over(obj, grant_membership(user=obj.user, tier=form.cleaned_data["tier"], ends_at=ends_at))

    @list_action("End the selected memberships now")
    def end(self, request: HttpRequest, membership: Membership) -> None:
        end_membership(user=membership.user)
