from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from activity.models import ActivityEntry, FeedEntry
from activity.selectors import done_by_or_to, types_logged, types_of_targets_logged
from core.admin_kit import GrowingAdmin


class _ValueFilter(admin.SimpleListFilter):
    """By the values there are, which are found without reading a table that grows."""

    find_values: ClassVar[Callable[[], list[str]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in type(self).find_values() if value]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class TypeFilter(_ValueFilter):
    title = "type"
    parameter_name = "type"
    find_values = staticmethod(types_logged)


class TargetTypeFilter(_ValueFilter):
    title = "type of target"
    parameter_name = "target_type"
    find_values = staticmethod(types_of_targets_logged)


@admin.register(ActivityEntry)
class ActivityEntryAdmin(GrowingAdmin[ActivityEntry]):
    """To be read. Nobody changes it, here or anywhere."""

    list_display = ("at", "type", "summary", "actor", "target")
    list_filter = (TypeFilter, "at", TargetTypeFilter)
    list_select_related = ("actor",)
    search_fields = ("actor__username__iexact",)
    search_help_text = "The name of who did it, or what it was done to, such as venue 3."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ActivityEntry], search_term: str
    ) -> tuple[QuerySet[ActivityEntry], bool]:
        return queryset.filter(done_by_or_to(search_term)) if search_term.strip() else queryset, False

    @display(description="target")
    def target(self, entry: ActivityEntry) -> str:
        return f"{entry.target_type} {entry.target_id}".strip()


@admin.register(FeedEntry)
class FeedEntryAdmin(GrowingAdmin[FeedEntry]):
    """What a workspace's people are shown. Old ones are forgotten by a job."""

    list_display = ("at", "feed", "audience", "type", "sentence", "ref_id")
    list_filter = ("at", ("audience", admin.EmptyFieldListFilter))
    list_select_related = ("actor",)
    search_fields = ("feed__exact",)
    search_help_text = "A feed, such as workspace-1."
