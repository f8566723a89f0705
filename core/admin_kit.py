"""What the admin's pages have in common.

A page never writes by itself where a rule is concerned: it calls a service, and shows the service's refusal beside the
field it names, or as a message. What happened cannot be edited; what must not be read is not shown.
"""

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from django.db.models import Model, QuerySet
from django.forms import CharField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold import paginator as unfold
from unfold.decorators import action
from unfold.enums import ActionVariant

from core.admin_events import DoneInAdmin
from core.errors import DomainError
from core.events import announce

log = logging.getLogger(__name__)

MOST_PAGES = 200

Row = TypeVar("Row", bound=Model)

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as UnfoldAdmin

    AnyForm = ModelForm[Any]
else:
    from unfold.admin import ModelAdmin

    AnyForm = ModelForm

    class UnfoldAdmin(ModelAdmin):
        """Takes a model in brackets, as the type checker's does."""

        def __class_getitem__(cls, model):
            return cls


class GovernedForm(AnyForm):
    """A form whose service stores the row and judges what is unique and allowed, in its own words.

    `known_as` maps what the service calls a field to what the form calls it, where they differ.
    """

    refusal: DomainError | None = None
    known_as: Mapping[str, str] = {}

    def validate_unique(self) -> None:
        return

    def _post_clean(self) -> None:
        self.instance.validate_constraints = _as_the_service_says
        super()._post_clean()  # type: ignore[misc]
        for told, sentences in fields_of(self.refusal).items():
            name = self.known_as.get(told, told)
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, sentence)

    def save(self, commit: bool = True) -> Any:
        self.save_m2m = self._save_m2m  # type: ignore[method-assign, attr-defined]
        return self.instance


def _as_the_service_says(exclude: object = None) -> None:
    """In place of a row's own check of its constraints."""


def fields_of(refusal: DomainError | None) -> dict[str, list[str]]:
    """The sentences of a refusal by the field they are about, "" for the whole."""
    if refusal is None:
        return {}
    return {name: list(sentences) for name, sentences in refusal.fields.items()} or {"": [refusal.message]}


def actor(request: HttpRequest) -> Any:
    """Who is at the page: a superuser, since nobody else gets here."""
    return request.user


class HouseAdmin(UnfoldAdmin[Row]):
    """Pages of one model. Nothing is deleted here unless a page says so."""

    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True
    warn_unsaved_form = True

    # What may be told of a change for good: a text's old and new words only where it says so, and never a secret's or
    # what tells who a person is. All that a page changes is told by its field's name.
    told: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        request.changed = _changed(self, form, formsets or ())  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._announce("added", request, obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._announce("changed", request, obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            self._announce("deleted", request, row, "")
        return super().log_deletions(request, queryset)

    def _announce(self, what: str, request: HttpRequest, row: Model, message: Any) -> None:
        is_act = isinstance(message, str) and what == "changed"
        changed = {} if is_act else getattr(request, "changed", {})
        announce(
            DoneInAdmin(
                what="acted" if is_act else what,
                by_id=actor(request).pk,
                kind=str(row._meta.model_name),
                object_id=str(row.pk),
                fields=tuple(changed),
                values={name: values for name, values in changed.items() if values},
                action=message if is_act else "",
            )
        )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Row | None:
        """Of a key that no column holds there is none."""
        try:
            return super().get_object(request, object_id, from_field)
        except OverflowError:
            return None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list; or the list of all, where what is asked for or ticked is nothing a database can look for."""
        try:
            response = super().changelist_view(request, extra_context)
            return response.render() if isinstance(response, TemplateResponse) else response
        except (DataError, ValidationError, ValueError, OverflowError) as trouble:
            if request.method == "GET" and request.GET.keys() <= {ERROR_FLAG}:
                raise
            log.warning("a list could not be asked for: %s", type(trouble).__name__)
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")


def _changed(page: HouseAdmin[Any], form: Any, formsets: Any) -> dict[str, tuple[object, object] | None]:
    """The fields that were changed, each with its old and new value where that may be told."""
    changed: dict[str, tuple[object, object] | None] = {}
    for name in form.changed_data:
        field, values = form.fields.get(name), (form.initial.get(name), form.cleaned_data.get(name))
        may_be_told = name in page.told or not (isinstance(field, CharField) or name in page.untold)
        old, new = (_plain(field.prepare_value(value)) for value in values) if field else (None, None)
        changed[name] = (old, new) if field and may_be_told else None
    changed |= {str(rows.model._meta.verbose_name_plural): None for rows in formsets if rows.has_changed()}
    return changed


def _plain(value: object) -> object:
    return value if isinstance(value, bool | int | float | None) else str(value)


class GovernedAdmin(HouseAdmin[Row]):
    """Rows that a service writes, from `save_model`. When it refuses, the form is shown again as it was filled in."""

    form = GovernedForm

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)  # type: ignore[attr-defined]
        return form

    def take_over(self, obj: Row, stored: Row) -> None:
        """Make what the page goes on with the row that the service stored."""
        obj.pk = stored.pk
        obj.refresh_from_db()


class AppendedAdmin(GovernedAdmin[Row]):
    """Rows that are added, from the `asked` fields, and then stay as they are."""

    asked: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.asked
        return [column.name for column in self.opts.concrete_fields if column.name not in self.hidden]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)


class ReadOnlyAdmin(HouseAdmin[Row]):
    """Rows to look at: all columns but the `hidden` ones."""

    hidden: tuple[str, ...] = ()
    shown_besides: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        columns = [column.name for column in self.opts.concrete_fields if column.name not in self.hidden]
        return [*columns, *self.shown_besides]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)


class InfinitePaginator(unfold.InfinitePaginator):  # type: ignore[misc]
    """As many pages as somebody turns by hand: what lies deeper is found by filters, not by reading up to there.

    By this name Unfold knows that nobody has counted, and says no number.
    """

    @property
    def count(self) -> int:
        return MOST_PAGES * int(self.per_page)


class GrowingAdmin(ReadOnlyAdmin[Row]):
    """Rows of a table that grows for ever: they are paged through without being counted."""

    paginator = InfinitePaginator


def list_action(description: str) -> Callable[[Callable[..., None]], Any]:
    """Offer `act(self, request, row)` for the rows ticked in a list. Each stands for itself; refusals are told."""

    def decorate(act: Callable[..., None]) -> Any:
        @action(description=description)
        @wraps(act)
        def run(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
            done = sum(_attempt(self, request, row, act, description) for row in queryset)
            if done:
                messages.success(request, f"{description}: {done} done.")

        return run

    return decorate


def page_action(
    description: str, *, question: str, icon: str = "", variant: ActionVariant = ActionVariant.DEFAULT, form: Any = None
) -> Callable[[Callable[..., None]], Any]:
    """Offer `act(self, request, row, form)` on a row's page, once the question is answered: it is asked in a dialog
    and sent by POST.
    """

    def decorate(act: Callable[..., None]) -> Any:
        dialog = {"title": description, "description": question, "form_class": form, "form_submit_text": description}

        @action(description=description, icon=icon or None, variant=variant, dialog=dialog)
        @wraps(act)
        def run(self: Any, request: HttpRequest, filled: Any, object_id: str) -> HttpResponse:
            row = self.get_object(request, unquote(object_id))
            if row is None:
                raise Http404
            if _attempt(self, request, row, lambda *these: act(*these, filled), description):
                messages.success(request, f"{description}: done.")
            return HttpResponse(headers={"HX-Redirect": page_of(row)})

        return run

    return decorate


def _attempt(page: Any, request: HttpRequest, row: Model, act: Callable[..., None], description: str) -> bool:
    try:
        with transaction.atomic():
            act(page, request, row)
            page.log_change(request, row, f"{description}.")
    except DomainError as refusal:
        sentences = [sentence for about in fields_of(refusal).values() for sentence in about]
        messages.error(request, f"{row}: {' '.join(sentences)}")
        return False
    return True


def page_of(row: Model) -> str:
    """Where a row is looked at."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[quote(row.pk)])
