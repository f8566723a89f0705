"""Rows are shown as DRF would show them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_UP, Decimal, InvalidOperation
from types import SimpleNamespace

import pytest
from rest_framework import fields, serializers

from core.surface.serializers import CamelSerializer, Serializer

MOMENT = datetime(2026, 3, 1, 20, 15, 0, 123456, UTC)


@dataclass
class Row:
    name: str = "ann"
    born_at: datetime | str | None = MOMENT

    @property
    def shout(self) -> str:
        return self.name.upper()

    def whisper(self) -> str:
        return self.name.lower()


class Inner(Serializer):
    name = fields.CharField()


class Shown(Serializer):
    name = fields.CharField()
    shout = fields.CharField()
    whisper = fields.CharField()
    born_at = fields.DateTimeField()
    missing = fields.CharField(required=False)
    preset = fields.CharField(default="preset")
    day = fields.DateTimeField(source="born_at", format="%d.%m.%Y")
    whole = Inner(source="*")
    named = fields.SerializerMethodField()

    def get_named(self, row: Row) -> str:
        return f"{self.context['title']} {row.name}"


@dataclass
class Bill:
    price: Decimal | str | int | None
    items: int | str | None = 3


class BillOut(Serializer):
    price = fields.DecimalField(max_digits=6, decimal_places=2)
    exact = fields.DecimalField(max_digits=6, decimal_places=2, source="price", coerce_to_string=False)
    bare = fields.DecimalField(max_digits=6, decimal_places=2, source="price", normalize_output=True)
    up = fields.DecimalField(max_digits=6, decimal_places=2, source="price", rounding=ROUND_UP)
    any_places = fields.DecimalField(max_digits=None, decimal_places=None, source="price")
    items = fields.IntegerField()


def shown_by_drf(serializer: Serializer, row: object) -> dict[str, object]:
    return serializers.Serializer.to_representation(serializer, row)


@pytest.mark.parametrize(
    "row",
    [
        Row(),
        Row(born_at=None),
        Row(born_at="2026-03-01"),
        Row(born_at=MOMENT.replace(microsecond=0)),
        Row(born_at=MOMENT.astimezone(timezone(timedelta(hours=2)))),
    ],
)
def test_rows_are_shown_as_drf_shows_them(row):
    serializer = Shown(context={"title": "Ms"})

    assert serializer.to_representation(row) == shown_by_drf(serializer, row)


@pytest.mark.parametrize(
    "bill",
    [
        Bill(Decimal("1.5")),
        Bill(Decimal("1.005")),
        Bill(Decimal("-9999.999e-1")),
        Bill(Decimal("1E+2")),
        Bill(None, None),
        Bill("1.5", "3"),
        Bill(7, True),
    ],
)
def test_amounts_and_counts_are_shown_as_drf_shows_them(bill):
    serializer = BillOut()

    assert serializer.to_representation(bill) == shown_by_drf(serializer, bill)


def test_an_amount_that_has_no_room_is_an_error_as_it_is_with_drf():
    for show in (BillOut().to_representation, lambda bill: shown_by_drf(BillOut(), bill)):
        with pytest.raises(InvalidOperation):
            show(Bill(Decimal("12345.00")))


def test_a_dictionary_is_shown_as_drf_shows_it():
    assert Inner({"name": "ann"}).data == {"name": "ann"}


def test_a_row_of_every_kind_of_field():
    shown = Shown(Row(), context={"title": "Ms"}).data

    assert shown == {
        "name": "ann",
        "shout": "ANN",
        "whisper": "ann",
        "born_at": "2026-03-01T20:15:00.123456Z",
        "preset": "preset",
        "day": "01.03.2026",
        "whole": {"name": "ann"},
        "named": "Ms ann",
    }


def test_declared_names_are_read_where_a_contract_spells_them_otherwise():
    class Camel(CamelSerializer):
        born_at = fields.DateTimeField()

    shown = Camel([Row(), Row(born_at=None)], many=True).data

    assert shown == [{"bornAt": "2026-03-01T20:15:00.123456Z"}, {"bornAt": None}]


def test_a_row_that_lacks_what_must_be_there_is_an_error():
    with pytest.raises(AttributeError, match="name"):
        assert Inner(SimpleNamespace()).data
