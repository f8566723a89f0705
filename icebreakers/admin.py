from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldBooleanSwitchWidget

from core.admin_events import DoneInAdmin
from core.admin_kit import HouseAdmin, actor, list_action
from core.errors import Fields
from core.events import announce
from icebreakers.csv_files import Row, read_rows
from icebreakers.errors import ImportRefused
from icebreakers.models import IceBreaker
from icebreakers.services import ImportReport, import_ice_breakers


class ImportForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="UTF-8, with a header line: text, level (1-5) and gender (male, female, any).",
        widget=UnfoldAdminFileFieldWidget,
    )
    skip_bad = forms.BooleanField(
        label="Leave bad lines out and import the others", required=False, widget=UnfoldBooleanSwitchWidget
    )


@admin.register(IceBreaker)
class IceBreakerAdmin(HouseAdmin[IceBreaker]):
    list_display = ("text", "level", "gender", "is_active")
    list_filter = ("level", "gender", "is_active")
    search_fields = ("text",)
    actions = ("offer", "withhold")
    actions_list = ("import_csv",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    @list_action("Offer the selected")
    def offer(self, request: HttpRequest, row: IceBreaker) -> None:
        _switch(row, is_active=True)

    @list_action("Withhold the selected")
    def withhold(self, request: HttpRequest, row: IceBreaker) -> None:
        _switch(row, is_active=False)

    @action(description="Import from CSV", url_path="import", icon="upload_file")
    def import_csv(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm(request.POST or None, request.FILES or None)
        bad: Fields = {}
        if form.is_valid():
            try:
                rows = read_rows(form.cleaned_data["file"].read())
                report = _import(rows, skip_bad=form.cleaned_data["skip_bad"], by_id=actor(request).pk)
            except ImportRefused as refusal:
                bad = refusal.fields
                messages.error(request, refusal.message)
            else:
                bad = report.bad
                messages.success(request, f"{report.imported} imported, {report.duplicates} were there already.")
                if not bad:
                    return HttpResponseRedirect(reverse("admin:icebreakers_icebreaker_changelist"))
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Import ice breakers",
            "opts": self.opts,
            "form": form,
            "bad": bad,
        }
        return TemplateResponse(request, "icebreakers/import.html", context)


@transaction.atomic
def _import(rows: list[Row], *, skip_bad: bool, by_id: int) -> ImportReport:
    report = import_ice_breakers(rows, skip_bad=skip_bad)
    done = f"Import from CSV: {report.imported} imported."
    announce(DoneInAdmin(what="acted", by_id=by_id, kind="icebreaker", object_id="", action=done))
    return report


def _switch(row: IceBreaker, *, is_active: bool) -> None:
    IceBreaker.objects.filter(pk=row.pk).update(is_active=is_active)
