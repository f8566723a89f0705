"""What changes while one looks: pushed to the admin's first page, and to owners' dashboards. "Today" began at midnight
UTC.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet

from accounts.models import User, UserType
from accounts.selectors import open_reports, sign_ups_between
from analytics.days import Span, day_of, start_of
from analytics.models import Metric, Scope
from analytics.sources import count_days
from chat.selectors.history import messages_between
from core.counting import count_each
from core.prepared import OneOf
from notifications.models import OutboxMail
from notifications.selectors.mails import mails_in
from offers.selectors import offers_open, redemptions_between
from venues.selectors import first_venues_of, presences_now, scans_between

VENUES_SHOWN = 200


@dataclass(frozen=True)
class Counters:
    customers_now: int
    sign_ups_today: int
    scans_today: int
    messages_today: int
    redemptions_today: int
    mails_waiting: int
    mails_failed: int
    reports_open: int


@dataclass(frozen=True)
class OwnCounters:
    customers_now: int
    offers_open: int
    scans_today: int
    messages_today: int
    redemptions_today: int


@dataclass(frozen=True)
class Platform:
    """Everything, for superusers."""

    def admits(self, user: User) -> bool:
        return user.is_superuser


@dataclass(frozen=True)
class Own:
    """One of an owner's venues, or all of them: the first 200 of those who have more."""

    owner_id: int
    venue_id: int | None = None

    def admits(self, user: User) -> bool:
        return user.pk == self.owner_id and user.user_type_id == UserType.VENUE_OWNER


View = Platform | Own


def counters_of(views: Collection[View], at: datetime) -> dict[View, Counters | OwnCounters]:
    """What is seen in each; a venue that is not its owner's is left out. Six statements, however many look."""
    own = [view for view in views if isinstance(view, Own)]
    platform = [view for view in views if isinstance(view, Platform)]
    return dict(_own_counters(own, at) if own else {}) | {view: live_counters(at) for view in platform}


def counted_live(at: datetime) -> dict[str, QuerySet[Any]]:
    """What each counter counts."""
    today = start_of(day_of(at))
    tomorrow = today + timedelta(days=1)
    return {
        "customers_now": presences_now(),
        "sign_ups_today": sign_ups_between(today, tomorrow),
        "scans_today": scans_between(today, tomorrow),
        "messages_today": messages_between(today, tomorrow),
        "redemptions_today": redemptions_between(today, tomorrow),
        "mails_waiting": mails_in(OutboxMail.Status.QUEUED),
        "mails_failed": mails_in(OutboxMail.Status.FAILED),
        "reports_open": open_reports(),
    }


def live_counters(at: datetime) -> Counters:
    return Counters(**count_each(counted_live(at)))


def counters_of_venues(ids: Collection[int], at: datetime) -> OwnCounters:
    return _sum(_count_by_venue(ids, at), ids)


def _own_counters(views: Collection[Own], at: datetime) -> dict[Own, OwnCounters]:
    owned = first_venues_of({view.owner_id for view in views}, VENUES_SHOWN)
    seen = {view: [id_ for id_ in owned.get(view.owner_id, ()) if view.venue_id in (None, id_)] for view in views}
    counted = _count_by_venue({id_ for ids in seen.values() for id_ in ids}, at)
    return {view: _sum(counted, ids) for view, ids in seen.items() if ids or view.venue_id is None}


def _count_by_venue(ids: Collection[int], at: datetime) -> dict[str, Mapping[int, int]]:
    """Each counter's by venue, noughts left out: four statements, however many venues there are."""
    today = Span(day_of(at), day_of(at))
    metrics = (Metric.SCANS, Metric.MESSAGES, Metric.REDEMPTIONS)
    happened = count_days(today, scope=Scope.VENUE, metrics=metrics, ids=ids)
    return {
        "customers_now": _by_venue(presences_now(), ids),
        "offers_open": _by_venue(offers_open(at=at), ids),
        **{
            f"{metric.value}_today": {key.scope_id: n for key, n in happened.items() if key.metric == metric}
            for metric in metrics
        },
    }


def _by_venue(rows: QuerySet[Any], ids: Collection[int]) -> Mapping[int, int]:
    counted = rows.filter(OneOf("venue", ids)).order_by().values_list("venue")
    return dict(counted.annotate(count=Count("pk")))


def _sum(counted: Mapping[str, Mapping[int, int]], ids: Collection[int]) -> OwnCounters:
    return OwnCounters(**{name: sum(by_venue.get(id_, 0) for id_ in ids) for name, by_venue in counted.items()})
