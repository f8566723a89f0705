from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from billing.selectors import plans_offered
from billing.services.subscriptions import LONGEST_TRIAL_DAYS, TRIAL_DAYS
from core.admin_kit import (
    GovernedAdmin,
    GovernedForm,
    GrowingAdmin,
    ReadOnlyAdmin,
    actor,
    list_action,
    page_action,
)
from venues.models import OpeningHours, Presence, Scan, VarId, Venue, Visit
from venues.selectors import with_last_scan
from venues.services.presence import check_out
from venues.services.subscriptions import subscribe_venue
from venues.services.var_ids import end_named_var_id, generate_var_id, name_var_id
from venues.services.venues import OpeningSpan, VenueFields, change_venue_status, create_venue, update_venue

if TYPE_CHECKING:
    from django.contrib.admin import TabularInline

    OpeningHoursInlineBase = TabularInline[OpeningHours, Venue]
else:
    from unfold.admin import TabularInline as OpeningHoursInlineBase


class VenueForm(GovernedForm):
    latitude = forms.FloatField(
        min_value=-90, max_value=90, required=False, widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"})
    )
    longitude = forms.FloatField(
        min_value=-180, max_value=180, required=False, widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"})
    )

    class Meta:
        labels = {
            "qr_gen_frequency_hours": "New QR code every (hours)",
            "check_in_hours": "A check-in lasts (hours)",
            "radius_meters": "Radius (metres)",
        }


class VarIdForm(GovernedForm):
    known_as = {"var_id": "value"}


class SubscribeForm(BaseDialogForm):  # type: ignore[misc]
    plan = forms.ModelChoiceField(queryset=plans_offered(), widget=UnfoldAdminSelectWidget)
    trial_days = forms.IntegerField(
        min_value=1, max_value=LONGEST_TRIAL_DAYS, initial=TRIAL_DAYS, widget=UnfoldAdminIntegerFieldWidget
    )


class OpeningHoursInline(OpeningHoursInlineBase):
    model = OpeningHours
    extra = 0


@admin.register(Venue)
class VenueAdmin(GovernedAdmin[Venue]):
    """A venue is closed rather than deleted: its history stays."""

    form = VenueForm
    list_display = ("name", "kind", "state", "owner", "address", "last_scanned_at", "created_at")
    list_filter = ("status", "kind", "held_by_platform", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "address", "owner__username", "contact_email", "var_ids__value")
    search_help_text = "Name, address, owner, contact or var id."
    date_hierarchy = "created_at"
    autocomplete_fields = ("owner",)
    readonly_fields = ("held_by_platform", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": (("name", "kind"), ("owner", "status"), "held_by_platform")}),
        ("Place", {"fields": ("address", ("latitude", "longitude"), "time_zone")}),
        ("Contact", {"fields": ("contact_name", ("contact_email", "contact_phone"))}),
        ("Checking in", {"fields": (("qr_gen_frequency_hours", "check_in_hours"), "radius_meters")}),
        ("Kept by the server", {"fields": (("created_at", "updated_at"),)}),
    )
    inlines = (OpeningHoursInline,)
    told = ("name", "address", "time_zone")
    actions = ("activate", "suspend", "close")
    actions_detail = ("rotate", "subscribe", "close_this")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Venue]:
        return with_last_scan(super().get_queryset(request))

    @display(
        description="status",
        ordering="status",
        label={"active": "success", "suspended": "warning", "closed": "danger"},
    )
    def state(self, venue: Venue) -> str:
        return venue.status

    @display(description="last scan", ordering="last_scanned_at")
    def last_scanned_at(self, venue: Any) -> Any:
        return venue.last_scanned_at

    def save_model(self, request: HttpRequest, obj: Venue, form: Any, change: bool) -> None:
        values = {name: value for name, value in form.cleaned_data.items() if name in form.changed_data or not change}
        if "owner" in values:
            owner = values.pop("owner")
            values["owner_id"] = owner.pk if owner else None
        fields = cast(VenueFields, values)
        by = actor(request)
        self.take_over(
            obj, update_venue(venue=obj, by=by, fields=fields) if change else create_venue(by=by, fields=fields)
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Opening hours are replaced as a whole."""
        formset.save(commit=False)
        if formset.has_changed():
            rows = [row.cleaned_data for row in formset.forms if row not in formset.deleted_forms]
            spans = [_span(row) for row in rows if row]
            update_venue(venue=form.instance, by=actor(request), fields={"opening_hours": spans})

    @list_action("Let the selected take customers")
    def activate(self, request: HttpRequest, venue: Venue) -> None:
        change_venue_status(venue=venue, status=Venue.Status.ACTIVE, by=actor(request))

    @list_action("Suspend the selected")
    def suspend(self, request: HttpRequest, venue: Venue) -> None:
        change_venue_status(venue=venue, status=Venue.Status.SUSPENDED, by=actor(request))

    @list_action("Close the selected")
    def close(self, request: HttpRequest, venue: Venue) -> None:
        change_venue_status(venue=venue, status=Venue.Status.CLOSED, by=actor(request))

    @page_action(
        "New var id",
        question="The screen shows another code at once; the one before serves ten minutes longer.",
        icon="qr_code_2",
    )
    def rotate(self, request: HttpRequest, venue: Venue, form: Any) -> None:
        generate_var_id(venue=venue, by=actor(request))

    @page_action(
        "Subscribe",
        question="It may try the plan for so many days, and pays from then on.",
        icon="autorenew",
        form=SubscribeForm,
    )
    def subscribe(self, request: HttpRequest, venue: Venue, form: Any) -> None:
        subscribe_venue(
            venue_id=venue.pk,
            plan_id=form.cleaned_data["plan"].pk,
            trial_days=form.cleaned_data["trial_days"],
            by=actor(request),
        )

    @page_action(
        "Close",
        question="It takes no customers any more, its subscription is cancelled, and its owner cannot undo this. "
        "Its history stays.",
        icon="door_front",
        variant=ActionVariant.DANGER,
    )
    def close_this(self, request: HttpRequest, venue: Venue, form: Any) -> None:
        change_venue_status(venue=venue, status=Venue.Status.CLOSED, by=actor(request))


def _span(values: dict[str, Any]) -> OpeningSpan:
    return {"day": values["day"], "opens": values["opens"], "closes": values["closes"]}


@admin.register(OpeningHours)
class OpeningHoursAdmin(ReadOnlyAdmin[OpeningHours]):
    """To be looked at: they are changed on their venue's page."""

    list_display = ("venue", "day", "opens", "closes")
    list_filter = ("day",)
    list_select_related = ("venue",)
    search_fields = ("venue__name",)


@admin.register(VarId)
class VarIdAdmin(GovernedAdmin[VarId]):
    """Naming one adds it here; those that rotate are made on their venue's page."""

    form = VarIdForm
    list_display = ("value", "venue", "state", "is_named", "is_shown", "valid_from", "valid_until")
    list_filter = ("is_named", "is_shown", "valid_from", "valid_until")
    list_select_related = ("venue",)
    search_fields = ("value", "venue__name")
    autocomplete_fields = ("venue",)
    actions = ("end",)

    @display(description="state", label={"current": "success"})
    def state(self, var_id: VarId) -> str:
        return "current" if var_id.valid_until is None or var_id.valid_until > timezone.now() else "over"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        kept = ("valid_from", "valid_until", "is_named", "is_shown")
        return ("venue", "value") if obj is None else ("venue", "value", *kept)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: VarId, form: Any, change: bool) -> None:
        self.take_over(obj, name_var_id(venue=form.cleaned_data["venue"], value=form.cleaned_data["value"]))

    @list_action("End the selected named var ids")
    def end(self, request: HttpRequest, var_id: VarId) -> None:
        end_named_var_id(var_id=var_id)


@admin.register(Scan)
class ScanAdmin(GrowingAdmin[Scan]):
    list_display = ("scanned_at", "venue", "user", "certainty", "var_id")
    list_filter = ("certainty", "scanned_at")
    list_select_related = ("venue", "user", "var_id")
    search_fields = ("venue__name", "user__username", "var_id__value")


@admin.register(Presence)
class PresenceAdmin(ReadOnlyAdmin[Presence]):
    list_display = ("user", "venue", "is_there", "certainty", "since", "until")
    list_filter = ("certainty", "since", "until")
    list_select_related = ("user", "venue")
    search_fields = ("user__username", "venue__name")
    ordering = ("-since", "-id")
    actions = ("check_out",)

    @display(description="there now", boolean=True)
    def is_there(self, presence: Presence) -> bool:
        return presence.until > timezone.now() and presence.venue.is_serving

    @list_action("Check the selected out")
    def check_out(self, request: HttpRequest, presence: Presence) -> None:
        check_out(user=presence.user)


@admin.register(Visit)
class VisitAdmin(GrowingAdmin[Visit]):
    list_display = ("started_at", "venue", "user", "certainty")
    list_filter = ("certainty", "started_at")
    list_select_related = ("venue", "user")
    search_fields = ("venue__name", "user__username")
