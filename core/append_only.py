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
    """A migration's operation: triggers that refuse deletes of the model's rows, and updates but that the fields
    named grow.

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
        for statement in _guards(schema_editor.connection.vendor, apps.get_model(model)._meta, but):
            schema_editor.execute(statement, params=None)

    def let_go(apps: Any, schema_editor: Any) -> None:
        table = apps.get_model(model)._meta.db_table
        on = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        for event in ("update", "decrease", "delete", "truncate"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}{on}")

    return guard, let_go


def _guards(vendor: str, model: Any, but: Sequence[str]) -> list[str]:
    table = model.db_table
    columns = {field.name: f'"{field.column}"' for field in model.local_concrete_fields}
    kept = ", ".join(column for name, column in columns.items() if name not in but)
    less = " OR ".join(f"NEW.{columns[name]} < OLD.{columns[name]}" for name in but)
    refused = {"update": (f"UPDATE OF {kept}", "FOR EACH ROW"), "delete": ("DELETE", "FOR EACH ROW")}
    if but:
        refused["decrease"] = ("UPDATE", f"FOR EACH ROW WHEN ({less})")
    if vendor == "postgresql":
        refused["truncate"] = ("TRUNCATE", "FOR EACH STATEMENT")
    before, refuse = {
        "postgresql": ([POSTGRESQL_FUNCTION], "EXECUTE FUNCTION refuse_change()"),
        "sqlite": ([], f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"),
    }[vendor]
    return before + [
        f"CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} {each} {refuse}"
        for name, (event, each) in refused.items()
    ]
