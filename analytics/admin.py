from django.contrib import admin

from analytics.models import DailyRollup, MonthlyRollup
from core.admin_kit import GrowingAdmin


@admin.register(DailyRollup)
class DailyRollupAdmin(GrowingAdmin[DailyRollup]):
    list_display = ("day", "metric", "scope", "scope_id", "value", "unit", "counted_at")
    list_filter = ("metric", "scope", "day")
    search_fields = ("metric", "scope", "=scope_id")


@admin.register(MonthlyRollup)
class MonthlyRollupAdmin(GrowingAdmin[MonthlyRollup]):
    list_display = ("month", "metric", "scope", "scope_id", "value", "unit")
    list_filter = ("metric", "scope", "month")
    search_fields = ("metric", "scope", "=scope_id")
