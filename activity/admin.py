from django.contrib import admin
from unfold.decorators import display

from activity.models import ActivityEntry, FeedEntry
from core.admin_kit import GrowingAdmin


@admin.register(ActivityEntry)
class ActivityEntryAdmin(GrowingAdmin[ActivityEntry]):
    """To be read. Nobody changes it, here or anywhere."""

    list_display = ("at", "type", "summary", "actor", "target")
    list_filter = ("type", "at", "target_type")
    list_select_related = ("actor",)
    search_fields = ("summary", "actor__username", "target_id__exact")
    search_help_text = "Words of the summary, who did it, or the id of what it was done to."
    date_hierarchy = "at"

    @display(description="target")
    def target(self, entry: ActivityEntry) -> str:
        return f"{entry.target_type} {entry.target_id}".strip()


@admin.register(FeedEntry)
class FeedEntryAdmin(GrowingAdmin[FeedEntry]):
    """What a workspace's people are shown. Old ones are forgotten by a job."""

    list_display = ("at", "feed", "audience", "type", "sentence", "ref_id")
    list_select_related = ("actor",)
    search_fields = ("feed__exact",)
    search_help_text = "A feed, such as workspace-1."
