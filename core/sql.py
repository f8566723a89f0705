"""Statements written out, for the few where the ORM's own work takes several times what the database's does.

Lists and rows go in as one parameter each, so that a statement reads, and is prepared, the same for any number.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from django.db import connection


def fetch(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with _cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def run(statement: str, *parameters: Any) -> None:
    with _cursor() as cursor:
        cursor.execute(statement, parameters)


def one_of(column: str) -> str:
    """A condition on an integer column; its parameter is made by `listed`."""
    if connection.vendor == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 - a name
    return f"{column} = ANY(%s::bigint[])"


def listed(values: Collection[int]) -> str | list[int]:
    return msgspec.json.encode(list(values)).decode() if connection.vendor == "sqlite" else list(values)


def rows_of(columns: str) -> str:
    """A table for a FROM clause, called `row`: its columns as in "id bigint, body text", its parameter by `as_rows`."""
    if connection.vendor == "sqlite":
        names = [column.split()[0] for column in columns.split(", ")]
        taken = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in names)
        return f"(SELECT {taken} FROM json_each(%s)) AS row"  # noqa: S608 - names
    return f"json_to_recordset(%s) AS row({columns})"


def as_rows(rows: Sequence[Mapping[str, object]]) -> str:
    return msgspec.json.encode(rows).decode()


def as_time(moment: datetime) -> Any:
    """A parameter as this database keeps times."""
    return connection.ops.adapt_datetimefield_value(moment)


@contextmanager
def _cursor() -> Iterator[Any]:
    """On PostgreSQL one that lets the server plan a statement once, where Django's writes its parameters into it.

    Where queries are logged it stays Django's: of a statement that is prepared nobody can say what was sent.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and not connection.queries_logged:
            cursor.cursor = psycopg.Cursor(connection.connection)
        yield cursor
