"""Tables that only grow: what stands in them is neither changed nor deleted, whoever asks the database for it."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import migrations

Step = Callable[[Any, Any], None]

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def append_only(model: str, *, but: Sequence[str] = ()) -> migrations.RunPython:
    """A migration's operation: triggers that refuse deletes of the model's rows, and updates but for the columns named.

    SQLite forgets a table's triggers when a later migration makes the table anew: that one takes them off with
    `changeable` before, and sets them again after.
    """
    return migrations.RunPython(*_guarding(model, but))


def changeable(model: str, *, but: Sequence[str] = ()) -> migrations.RunPython:
    """The reverse of `append_only`."""
    guard, let_go = _guarding(model, but)
    return migrations.RunPython(let_go, guard)


def _guarding(model: str, but: Sequence[str]) -> tuple[Step, Step]:
    """What sets the triggers, and what takes them off."""

    def guard(apps: Any, schema_editor: Any) -> None:
        table = _table_of(apps, model)
        columns = [field.column for field in table.local_concrete_fields if field.name not in but]
        for statement in _guards(schema_editor.connection.vendor, table.db_table, columns):
            schema_editor.execute(statement, params=None)

    def let_go(apps: Any, schema_editor: Any) -> None:
        table = _table_of(apps, model).db_table
        on = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        for event in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER {table}_no_{event}{on}")

    return guard, let_go


def _table_of(apps: Any, model: str) -> Any:
    return apps.get_model(model)._meta


def _guards(vendor: str, table: str, columns: Sequence[str]) -> list[str]:
    named = ", ".join(f'"{column}"' for column in columns)
    events = {"update": f"UPDATE OF {named}", "delete": "DELETE"}
    if vendor == "postgresql":
        refuse = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        triggers = [f"CREATE TRIGGER {table}_no_{name} BEFORE {on} ON {table} {refuse}" for name, on in events.items()]
        return [POSTGRESQL_FUNCTION, *triggers]
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [f"CREATE TRIGGER {table}_no_{name} BEFORE {on} ON {table} {refuse}" for name, on in events.items()]
