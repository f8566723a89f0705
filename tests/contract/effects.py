"""What a request does to the database, tried out and undone."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

WRITE = re.compile(r'\s*(?:INSERT(?: OR IGNORE)? INTO|UPDATE|DELETE FROM) "(\w+)"')
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Effect:
    """The answer, and the rows that the tables which were written to had before and have after it."""

    answer: Any
    before: dict[str, list[Row]]
    after: dict[str, list[Row]]

    @property
    def changed(self) -> dict[str, list[Row]]:
        """The rows that are not as they were, and after them the new ones: keys made at random order nothing."""
        changed = {}
        for table, rows in self.after.items():
            before = set(self.before[table])
            keys = {row[0] for row in before}
            changed[table] = sorted((row for row in rows if row not in before), key=lambda row: row[0] not in keys)
        return changed


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def effect_of(send: Callable[[], Any]) -> Effect:
    """What was there before is read once everything is undone: only then is it known which tables to look at."""
    with undone():
        with CaptureQueriesContext(connection) as queries:
            answer = send()
        written = sorted({match[1] for query in queries if (match := WRITE.match(query["sql"]))})
        after = _rows(written)
    return Effect(answer, _rows(written), after)


def _rows(tables: list[str]) -> dict[str, list[Row]]:
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            rows[table] = cursor.fetchall()
    return rows
