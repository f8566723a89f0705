from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminTextareaWidget,
)

from billing.models import Tier
from core.admin_kit import GovernedAdmin, GovernedForm, GrowingAdmin, actor, list_action, page_action
from offers.models import Offer, Redemption
from offers.services import change_offer, create_offer, delete_offer

PLAIN = (
    "title",
    "description",
    "terms",
    "starts_at",
    "expires_at",
    "total_quota",
    "per_customer_limit",
    "eligible_memberships",
    "presence_required",
    "budget",
)


class OfferForm(GovernedForm):
    eligible_memberships = forms.MultipleChoiceField(
        choices=Tier.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None: everyone may have it.",
    )
    budget = forms.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, required=False, widget=UnfoldAdminDecimalFieldWidget
    )

    class Meta:
        widgets = {name: UnfoldAdminTextareaWidget(attrs={"rows": 4}) for name in ("description", "terms")}


@admin.register(Offer)
class OfferAdmin(GovernedAdmin[Offer]):
    form = OfferForm
    list_display = ("title", "venue", "state", "starts_at", "expires_at", "taken", "presence_required")
    list_filter = ("presence_required", "starts_at", "expires_at", "withdrawn_at")
    list_select_related = ("venue",)
    search_fields = ("title", "description", "venue__name")
    date_hierarchy = "starts_at"
    autocomplete_fields = ("venue",)
    readonly_fields = ("redeemed_count", "withdrawn_at", "created_at")
    fieldsets = (
        (None, {"fields": ("venue", "title", "description", "terms")}),
        ("When", {"fields": ("starts_at", "expires_at")}),
        ("For whom", {"fields": ("eligible_memberships", "presence_required")}),
        ("How often", {"fields": (("total_quota", "per_customer_limit"), "budget")}),
        ("Kept by the server", {"fields": (("redeemed_count", "withdrawn_at", "created_at"),)}),
    )
    told = ("title",)
    actions = ("withdraw",)
    actions_detail = ("withdraw_this",)

    @display(description="state", label={"open": "success", "to come": "info", "withdrawn": "danger"})
    def state(self, offer: Offer) -> str:
        now = timezone.now()
        if offer.withdrawn_at is not None:
            return "withdrawn"
        if offer.expires_at <= now:
            return "expired"
        if offer.starts_at > now:
            return "to come"
        return "used up" if offer.remaining == 0 else "open"

    @display(description="redeemed", ordering="redeemed_count")
    def taken(self, offer: Offer) -> str:
        return f"{offer.redeemed_count} of {offer.total_quota}" if offer.total_quota else str(offer.redeemed_count)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and getattr(obj, "withdrawn_at", None) is None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj is None else ("venue", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Offer, form: Any, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in PLAIN if name in form.changed_data or not change}
        by = actor(request)
        if change:
            stored = change_offer(offer_id=obj.pk, changes=values, venue_id=None, by=by)
        else:
            stored = create_offer(venue_id=form.cleaned_data["venue"].pk, fields=values, by=by)
        self.take_over(obj, stored)

    @list_action("Withdraw the selected, delete those never redeemed")
    def withdraw(self, request: HttpRequest, offer: Offer) -> None:
        delete_offer(offer_id=offer.pk, by=actor(request))

    @page_action(
        "Withdraw",
        question="Nobody can redeem it any more. One that was never redeemed is deleted.",
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def withdraw_this(self, request: HttpRequest, offer: Offer, form: Any) -> None:
        delete_offer(offer_id=offer.pk, by=actor(request))


@admin.register(Redemption)
class RedemptionAdmin(GrowingAdmin[Redemption]):
    list_display = ("redeemed_at", "code", "offer", "venue", "customer", "ordinal", "certainty")
    list_filter = ("certainty", "redeemed_at")
    list_select_related = ("offer", "venue", "customer")
    search_fields = ("code", "offer__title", "venue__name", "customer__username")
