"""Figures as pages show them: tiles, and charts each of which is drawn from the table that stands behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from analytics.owner_dashboard import OwnMonth
from analytics.platform import BusyHour, BusyVenue, Compared, Dashboard, Month, PlanShare

Number = int | Decimal
ChartKind = Literal["bar", "bars-across", "doughnut"]


@dataclass(frozen=True)
class Tile:
    """`trend` is "up", "down" or "same"; `change` says how much, in words."""

    label: str
    value: str
    change: str
    trend: str
    note: str


@dataclass(frozen=True)
class Cell:
    """A figure as a program reads it, and as a person does."""

    value: Number
    shown: str


@dataclass(frozen=True)
class ChartRow:
    label: str
    cells: list[Cell]


@dataclass(frozen=True)
class Chart:
    id: str
    title: str
    kind: ChartKind
    headers: Sequence[str]
    rows: list[ChartRow]


def tile(label: str, figure: Compared, *, note: str, unit: str = "") -> Tile:
    trend = "up" if figure.change > 0 else "down" if figure.change < 0 else "same"
    return Tile(label, amount(figure.value, unit), _change(figure, unit), trend, note)


def amount(value: Number, unit: str = "") -> str:
    return f"{unit} {value:,}".strip()


def chart(
    id_: str,
    title: str,
    headers: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Number]]],
    kind: ChartKind = "bar",
) -> Chart:
    shown = [ChartRow(label, [Cell(value, f"{value:,}") for value in values]) for label, values in rows]
    return Chart(id_, title, kind, headers, shown)


def platform_tiles(figures: Dashboard) -> list[Tile]:
    return [
        tile("Venues", figures.total_venues, note="that ever joined"),
        tile("Active users", figures.active_users, note="in the 30 days up to yesterday"),
        tile("Revenue this month", figures.monthly_revenue, note="less refunds", unit=figures.currency),
        tile("Subscriptions", figures.active_subscriptions, note="begun and not cancelled"),
    ]


def month_charts(months: Sequence[Month], currency: str) -> list[Chart]:
    shown = (
        ("revenue", f"Revenue, {currency}", "Revenue"),
        ("customers", "Sign-ups", "Customers"),
        ("scans", "Scans", "Scans"),
        ("messages", "Messages", "Messages"),
        ("redemptions", "Redemptions", "Redemptions"),
    )
    return _by_month(shown, months)


def own_month_charts(months: Sequence[OwnMonth], currency: str) -> list[Chart]:
    shown = (
        ("scans", "Scans", "Scans"),
        ("messages", "Messages", "Messages"),
        ("redemptions", "Redemptions", "Redemptions"),
        ("paid", f"Paid less refunds, {currency}", "Paid"),
    )
    return _by_month(shown, months)


def plans_chart(shares: Sequence[PlanShare]) -> Chart:
    rows = [(share.name, [share.subscriptions]) for share in shares]
    return chart("plans", "Subscriptions by plan", ("Plan", "Subscriptions"), rows, "doughnut")


def hours_chart(hours: Sequence[BusyHour], zone: str) -> Chart:
    rows = [(f"{hour.hour:02}:00", [hour.scans]) for hour in hours]
    return chart("hours", f"Busiest hours of the last 30 days, {zone}", ("Hour", "Scans"), rows)


def venues_chart(venues: Sequence[BusyVenue]) -> Chart:
    rows = [(venue.name, [venue.scans, venue.redemptions]) for venue in venues]
    title = "Busiest venues of the last 30 days"
    return chart("venues", title, ("Venue", "Scans", "Redemptions"), rows, "bars-across")


def _by_month(shown: Sequence[tuple[str, str, str]], months: Sequence[Month] | Sequence[OwnMonth]) -> list[Chart]:
    """Of each its name in a month, its title and its header."""
    return [
        chart(name, title, ("Month", header), [(_named(month.month), [getattr(month, name)]) for month in months])
        for name, title, header in shown
    ]


def _change(figure: Compared, unit: str) -> str:
    if figure.change == 0:
        return "as a month before"
    more = "more" if figure.change > 0 else "less" if unit else "fewer"
    percent = f" ({figure.change_percent:+}%)" if figure.change_percent is not None else ""
    difference = figure.change if figure.change > 0 else -figure.change
    return f"{amount(difference, unit)} {more} than a month before{percent}"


def _named(month: date) -> str:
    return f"{month:%b %Y}"
