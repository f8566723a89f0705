"""Nobody sets what is not theirs to set: a request does the same when it also names every column there is."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import models
from django.utils import timezone

from offers.api.pub import OFFER_EXAMPLE, REDEEM_EXAMPLE
from tests.contract.effects import Effect, effect_of
from tests.contract.operations import OPERATIONS, resolved

OURS = (
    *("core", "accounts", "activity", "notifications", "billing", "icebreakers", "venues", "workspaces"),
    *("offers", "chat", "analytics"),
)
WITH_BODY = [operation for operation in OPERATIONS if operation.example is not None]
PLANTED_TEXT = "planted"
PLANTED_UUID = "deadbeef-dead-4eef-8ead-beefdeadbeef"


def planted(field: Any) -> Any:
    """A value that the column would take, and other than what it holds by itself."""
    if field.name == "user_type":
        return "superuser"
    if isinstance(field, models.ManyToManyField):
        return [1]
    if isinstance(field, models.BooleanField):
        return field.default is not True
    kinds = {
        models.DateTimeField: "2001-01-01T00:00:00Z",
        models.UUIDField: PLANTED_UUID,
        models.CharField: field.choices[-1][0] if getattr(field, "choices", None) else PLANTED_TEXT,
        models.TextField: PLANTED_TEXT,
        models.JSONField: [PLANTED_TEXT],
        models.DurationField: "9999",
        models.TimeField: "03:00",
    }
    return next((value for kind, value in kinds.items() if isinstance(field, kind)), 4)


EVERY_COLUMN = {
    name: planted(field)
    for label in OURS
    for model in apps.get_app_config(label).get_models()
    for field in (*model._meta.fields, *model._meta.many_to_many)
    for name in {field.name, getattr(field, "attname", field.name)}
} | {"pk": 4, "user": 4, "by": 4, "current_venue": 4, "role": "superuser", "remaining": 9999, "is_open": True}


def with_every_column(body: dict[str, Any], documented: dict[str, Any]) -> Any:
    """The objects in it too: each gets what is not documented for it."""
    properties = resolved(documented).get("properties", {})
    nested = {
        name: with_every_column(value, properties.get(name, {})) for name, value in body.items() if type(value) is dict
    }
    return {**{name: value for name, value in EVERY_COLUMN.items() if name not in properties}, **body, **nested}


def differing(one: Effect, other: Effect) -> set[tuple[str, int, int]]:
    """Which cells of the rows that were made or changed are not the same."""
    mine, theirs = one.changed, other.changed
    assert {name: len(rows) for name, rows in mine.items()} == {name: len(rows) for name, rows in theirs.items()}
    return {
        (table, row, column)
        for table, rows in mine.items()
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
        if cell != theirs[table][row][column]
    }


@pytest.fixture
def stopped_clock(people):
    with time_machine.travel(timezone.now() + timedelta(seconds=1), tick=False):
        yield


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_naming_every_column_changes_nothing(operation, people, stopped_clock):
    client = people[operation.sender]
    greedy = with_every_column(operation.example, operation.body_schema)

    def send(body: Any) -> Effect:
        return effect_of(lambda: client.send(operation.method, operation.url, body))

    honest, again, planting = send(operation.example), send(operation.example), send(greedy)

    assert planting.answer.status_code == honest.answer.status_code
    assert differing(honest, planting) <= differing(honest, again)
    assert PLANTED_TEXT not in str(planting.changed)
    assert "deadbeef" not in str(planting.changed)


OFFER = f"/offers/{REDEEM_EXAMPLE['offer_id']}/"
VENUE = {"name": "Venue xyc", "qr_settings": {"qr_gen_frequency_hours": 24}}


@pytest.mark.parametrize(
    ("who", "method", "url", "body"),
    [
        ("owner", "POST", "/venues/", {**VENUE, "owner": 4}),
        ("owner", "PUT", "/venues/3/", {**VENUE, "owner": 4}),
        ("owner", "PATCH", "/venues/3/", {"owner": None}),
        ("owner", "PATCH", "/venues/2/", {"status": "active"}),
        ("owner", "PUT", OFFER, {**OFFER_EXAMPLE, "venue": 4}),
        ("owner", "PATCH", OFFER, {"venue": 4}),
        ("other owner", "POST", "/offers/", OFFER_EXAMPLE),
        ("customer", "PATCH", "/customers/2/", {"first_name": "Mallory"}),
    ],
)
def test_what_is_documented_and_not_theirs_is_refused(who, method, url, body, people):
    people["superuser"].send("PATCH", "/venues/2/", {"status": "suspended"})

    effect = effect_of(lambda: people[who].send(method, url, body))

    assert effect.answer.status_code in {400, 403, 404}
    assert effect.before == effect.after
