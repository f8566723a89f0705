"""What a tutorial's build would do for the same dashboards: tables with the indexes that Django makes by itself, and
each figure counted from their rows when it is asked for.

Only the database's work is timed here, none of a framework's; the product's answers are timed from end to end.
"""

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import psycopg

from analytics.days import A_DAY, a_month_before, months_up_to, start_of

# Tables with their foreign keys, as Django would index them.
TABLES = {
    "accounts_user": ("user_type_id",),
    "venues_venue": ("owner_id", "subscriber_id"),
    "venues_scan": ("venue_id", "var_id_id", "user_id"),
    "venues_visit": ("venue_id", "user_id"),
    "offers_offer": ("venue_id",),
    "offers_redemption": ("offer_id", "venue_id", "customer_id"),
    "chat_conversation": ("venue_id", "channel_id"),
    "chat_message": ("conversation_id", "sender_id"),
    "billing_subscription": ("subscriber_id", "plan_id"),
}
MONTHLY = (
    ("customers", "accounts_user", "date_joined", "AND user_type_id = 'customer'"),
    ("venues", "venues_venue", "created_at", ""),
    ("chats", "chat_conversation", "created_at", "AND kind = 'private'"),
    ("messages", "chat_message", "created_at", ""),
    ("scans", "venues_scan", "scanned_at", ""),
    ("redemptions", "offers_redemption", "redeemed_at", ""),
)
OF_VENUES = (
    (
        "messages",
        "chat_message JOIN chat_conversation ON chat_conversation.id = conversation_id",
        "chat_message.created_at",
    ),
    ("scans", "venues_scan", "scanned_at"),
    ("redemptions", "offers_redemption", "redeemed_at"),
)
DRAWN = ("customers", "scans", "messages", "redemptions")
REPORTED = 50
BUSIEST = 10

Figures = dict[tuple[object, ...], int]
Connection = psycopg.Connection[tuple[Any, ...]]


def copy_tables(connection: Connection) -> None:
    connection.execute("DROP SCHEMA IF EXISTS plain CASCADE; CREATE SCHEMA plain")
    for table, keys in TABLES.items():
        connection.execute(f"CREATE TABLE plain.{table} AS SELECT * FROM public.{table} ORDER BY id")
        for statement in (f"ALTER TABLE plain.{table} ADD PRIMARY KEY (id)", *_indexes(table, keys)):
            connection.execute(statement)
        connection.execute(f"VACUUM ANALYZE plain.{table}")


def _indexes(table: str, keys: tuple[str, ...]) -> list[str]:
    return [f"CREATE INDEX ON plain.{table} ({key})" for key in keys]


def recount(connection: Connection, dashboard: str, owner_of: int, *, times: int) -> tuple[float, Figures]:
    """How many milliseconds it takes, after one that is not looked at, and what it comes to."""
    connection.execute("SET search_path TO plain; SET timezone TO 'UTC'")
    count = RECOUNTS[dashboard]
    figures, took = count(connection, owner_of), []
    for _ in range(times):
        started = time.monotonic()
        figures = count(connection, owner_of)
        took.append((time.monotonic() - started) * 1000)
    return median(took), figures


def _api(connection: Connection, owner_of: int) -> Figures:
    now = datetime.now(UTC)
    today, before = now.date(), a_month_before(now.date())
    a_month_ago = now.replace(year=before.year, month=before.month, day=before.day)
    windows = {"value": start_of(today), "before": start_of(today - timedelta(days=30))}
    figures: Figures = {}
    for when, end in windows.items():
        figures["active_users", when] = _one(
            connection,
            """
            SELECT count(*) FROM (
                SELECT user_id FROM venues_visit WHERE started_at >= %(start)s AND started_at < %(end)s UNION
                SELECT sender_id FROM chat_message WHERE created_at >= %(start)s AND created_at < %(end)s UNION
                SELECT customer_id FROM offers_redemption WHERE redeemed_at >= %(start)s AND redeemed_at < %(end)s
            ) AS active
            """,
            {"start": end - timedelta(days=30), "end": end},
        )
    for when, at in {"value": now, "before": a_month_ago}.items():
        figures["total_venues", when] = _one(
            connection, "SELECT count(*) FROM venues_venue WHERE created_at <= %s", [at]
        )
        figures["active_subscriptions", when] = _one(
            connection,
            "SELECT count(*) FROM billing_subscription "
            "WHERE starts_at <= %(at)s AND (cancelled_at IS NULL OR cancelled_at > %(at)s)",
            {"at": at},
        )
    return figures


def _months(connection: Connection, owner_of: int) -> Figures:
    months = months_up_to(datetime.now(UTC).date())
    figures: Figures = {}
    for metric, table, at, only in MONTHLY:
        rows = connection.execute(
            f"SELECT date_trunc('month', {at})::date, count(*) FROM {table} WHERE {at} >= %s {only} GROUP BY 1",
            [start_of(months[0])],
        )
        counted: dict[date, int] = dict(rows.fetchall())  # type: ignore[arg-type]
        figures |= {(f"{month:%Y-%m}", metric): counted.get(month, 0) for month in months}
    return figures


def _of_venues(connection: Connection, ids: list[int]) -> Figures:
    months = months_up_to(datetime.now(UTC).date())
    figures: Figures = {}
    for metric, tables, at in OF_VENUES:
        rows = connection.execute(
            f"SELECT venue_id, date_trunc('month', {at})::date, count(*) FROM {tables} "
            f"WHERE venue_id = ANY(%s) AND {at} >= %s GROUP BY 1, 2",
            [ids, start_of(months[0])],
        )
        counted = {(id_, month): count for id_, month, count in rows.fetchall()}
        figures |= {(id_, f"{at:%Y-%m}", metric): counted.get((id_, at), 0) for id_ in ids for at in months}
    return figures


def _reports(connection: Connection, owner_of: int) -> Figures:
    ids = _ids(connection, "SELECT id FROM venues_venue ORDER BY id LIMIT %s", [REPORTED])
    return _of_venues(connection, ids)


def _admin(connection: Connection, owner_of: int) -> Figures:
    """What the first page draws, and its tiles."""
    months = _months(connection, owner_of)
    drawn: Figures = {(metric, at): count for (at, metric), count in months.items() if metric in DRAWN}
    _api(connection, owner_of)
    venues = _ids(connection, "SELECT id FROM venues_venue", [])
    return drawn | _hours(connection, venues) | _busiest(connection, venues)


def _owner(connection: Connection, owner_of: int) -> Figures:
    mine = "SELECT id FROM venues_venue WHERE owner_id = (SELECT owner_id FROM venues_venue WHERE id = %s)"
    venues = _ids(connection, mine, [owner_of])
    months: Figures = {}
    for (_, at, metric), count in _of_venues(connection, venues).items():
        months[metric, at] = months.get((metric, at), 0) + count
    offers = "SELECT id FROM offers_offer WHERE venue_id = ANY(%s) ORDER BY redeemed_count DESC LIMIT 10"
    latest = "SELECT * FROM offers_redemption WHERE venue_id = ANY(%s) ORDER BY redeemed_at DESC LIMIT 10"
    for statement in (offers, latest):
        connection.execute(statement, [venues]).fetchall()
    return months | _hours(connection, venues) | _busiest(connection, venues)


def _hours(connection: Connection, venues: list[int]) -> Figures:
    rows = connection.execute(
        "SELECT extract(hour FROM scanned_at)::int, count(*) FROM venues_scan "
        "WHERE scanned_at >= %s AND venue_id = ANY(%s) GROUP BY 1",
        [_lately(), venues],
    )
    counted: dict[int, int] = dict(rows.fetchall())  # type: ignore[arg-type]
    return {("hours", f"{hour:02}:00"): counted.get(hour, 0) for hour in range(24)}


def _busiest(connection: Connection, venues: list[int]) -> Figures:
    rows = connection.execute(
        """
        SELECT name, coalesce(scans, 0) FROM venues_venue LEFT JOIN (
            SELECT venue_id, count(*) AS scans FROM venues_scan WHERE scanned_at >= %(since)s GROUP BY 1
        ) AS scanned ON scanned.venue_id = venues_venue.id LEFT JOIN (
            SELECT venue_id, count(*) AS redemptions FROM offers_redemption WHERE redeemed_at >= %(since)s GROUP BY 1
        ) AS redeemed ON redeemed.venue_id = venues_venue.id
        WHERE venues_venue.id = ANY(%(venues)s)
        ORDER BY coalesce(scans, 0) DESC, coalesce(redemptions, 0) DESC, venues_venue.id LIMIT %(busiest)s
        """,
        {"since": _lately(), "venues": venues, "busiest": BUSIEST},
    )
    return {("venues", name): scans for name, scans in rows.fetchall()}


def _lately() -> datetime:
    return start_of(datetime.now(UTC).date() - 29 * A_DAY)


def _one(connection: Connection, statement: str, parameters: Any) -> int:
    found = connection.execute(statement, parameters).fetchone()
    assert found is not None
    return int(found[0])


def _ids(connection: Connection, statement: str, parameters: Any) -> list[int]:
    return [id_ for (id_,) in connection.execute(statement, parameters).fetchall()]


RECOUNTS: Mapping[str, Callable[[Connection, int], Figures]] = {
    "api": _api,
    "analytics": _months,
    "reports": _reports,
    "admin": _admin,
    "owner": _owner,
    "chain": _owner,
}
FIGURE = re.compile(r'<figure class="figure" id="chart-(\w+)".*?</figure>', re.DOTALL)
ROW = re.compile(r'<tr><th scope="row">([^<]*)</th><td data-value="(-?[0-9.]+)"')


def shown(dashboard: str, answer: Any) -> Figures:
    """The same figures of the product's answer: a decoded body, or a page."""
    if dashboard == "api":
        asked = ("active_users", "total_venues", "active_subscriptions")
        return {(name, when): answer[name][when] for name in asked for when in ("value", "before")}
    if dashboard == "analytics":
        return {(month["month"], metric): month[metric] for month in answer for metric, *_ in MONTHLY}
    if dashboard == "reports":
        return {
            (row["id"], month["month"], metric): month[metric]
            for row in answer
            for month in row["months"]
            for metric, *_ in OF_VENUES
        }
    return _drawn(answer, {*DRAWN, "hours", "venues"})


def _drawn(page: str, charts: set[str]) -> Figures:
    figures: Figures = {}
    for found in FIGURE.finditer(page):
        if (name := found[1]) in charts:
            for label, value in ROW.findall(found[0]):
                is_month = name in DRAWN
                at = f"{datetime.strptime(label, '%b %Y').replace(tzinfo=UTC):%Y-%m}" if is_month else label
                figures[name, at] = int(value)
    return figures
