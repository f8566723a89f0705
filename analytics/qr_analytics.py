"""How a venue's QR codes are scanned, by day and hour of the venue's own time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import ExtractHour, TruncDate
from django.utils import timezone

from accounts.models import User
from venues.models import Scan, VarId
from venues.selectors import get_managed_venue, scans_of, var_ids_of

DAYS = 30
VAR_IDS_SHOWN = 20


@dataclass(frozen=True)
class DayOfScans:
    date: date
    scans: int
    visitors: int


@dataclass(frozen=True)
class HourOfScans:
    hour: int
    scans: int


@dataclass(frozen=True)
class QrAnalytics:
    """`scans_by_day` are the last 30 days, oldest first, today last; `scans_by_hour` the same days' scans."""

    total_scans: int
    unique_visitors: int
    returning_visitors: int
    last_scanned_at: datetime | None
    scans_by_day: list[DayOfScans]
    scans_by_hour: list[HourOfScans]
    var_ids: list[VarId]


def qr_analytics(user: User, venue_id: int) -> QrAnalytics:
    """For the venue's owner and superusers. Raises NotFound for anyone else.

    A visitor is returning who scanned on more than one day.
    """
    venue = get_managed_venue(user, venue_id)
    zone = ZoneInfo(venue.time_zone)
    scans = scans_of(venue)
    totals = scans.aggregate(scans=Count("id"), visitors=Count("user", distinct=True), last=Max("scanned_at"))
    today = timezone.now().astimezone(zone).date()
    first = today - timedelta(days=DAYS - 1)
    recent = scans.filter(scanned_at__gte=datetime(first.year, first.month, first.day, tzinfo=zone))
    return QrAnalytics(
        total_scans=totals["scans"],
        unique_visitors=totals["visitors"],
        returning_visitors=_returning(scans, zone),
        last_scanned_at=totals["last"],
        scans_by_day=_by_day(recent, zone, first),
        scans_by_hour=_by_hour(recent, zone),
        var_ids=list(var_ids_of(venue).annotate(scan_count=Count("scans"))[:VAR_IDS_SHOWN]),
    )


def _returning(scans: QuerySet[Scan], zone: tzinfo) -> int:
    days = Count(TruncDate("scanned_at", tzinfo=zone), distinct=True)
    return scans.filter(~Q(user=None)).order_by().values("user").annotate(days=days).filter(days__gt=1).count()


def _by_day(scans: QuerySet[Scan], zone: tzinfo, first: date) -> list[DayOfScans]:
    rows = (
        scans.order_by()
        .annotate(day=TruncDate("scanned_at", tzinfo=zone))
        .values("day")
        .annotate(scans=Count("id"), visitors=Count("user", distinct=True))
    )
    counted = {row["day"]: (row["scans"], row["visitors"]) for row in rows}
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [DayOfScans(day, *counted.get(day, (0, 0))) for day in days]


def _by_hour(scans: QuerySet[Scan], zone: tzinfo) -> list[HourOfScans]:
    rows = (
        scans.order_by()
        .annotate(hour=ExtractHour("scanned_at", tzinfo=zone))
        .values("hour")
        .annotate(scans=Count("id"))
    )
    counted = {row["hour"]: row["scans"] for row in rows}
    return [HourOfScans(hour, counted.get(hour, 0)) for hour in range(24)]
