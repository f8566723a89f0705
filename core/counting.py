"""How many rows several querysets have, asked at once."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet


def count_each(counted: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """All in one query, and so as of one moment; under the same names. None of them sliced or grouped."""
    columns: list[str] = []
    parameters: list[Any] = []
    for rows in counted.values():
        column, more = _counting(rows)
        columns.append(column)
        parameters += more
    if not columns:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)}", parameters)
        return dict(zip(counted, cursor.fetchone(), strict=True))


def _counting(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    try:
        query, parameters = rows.order_by().values("pk").query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    except EmptyResultSet:
        return "0", ()
    return f"(SELECT COUNT(*) FROM ({query}) AS counted)", tuple(parameters)  # noqa: S608 - written by the ORM
