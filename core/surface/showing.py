"""Showing rows quickly: what follows from a serializer's fields alone is found out once, not once a row.

DRF asks every field of every row how it reads its attribute; that was half of what a list cost.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Context, Decimal, DefaultContext
from operator import attrgetter
from typing import Any, NamedTuple

from rest_framework import fields
from rest_framework.settings import api_settings

Field = fields.Field[Any, Any, Any, Any]


class Shown(NamedTuple):
    """One field of an answer: how its value is read off a row, and how it is written."""

    name: str
    field: Field
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


def shown_fields(readable: Iterable[Field]) -> list[Shown]:
    return [Shown(field.field_name or "", field, _reader(field), _writer(field)) for field in readable]


def show(row: object, shown: list[Shown]) -> dict[str, Any]:
    """The same as DRF's `to_representation`. Whatever is not a plain attribute is read DRF's way."""
    answer: dict[str, Any] = {}
    for name, field, read, write in shown:
        try:
            value = read(row)
            if callable(value):
                value = field.get_attribute(row)
        except AttributeError:
            try:
                value = field.get_attribute(row)
            except fields.SkipField:
                continue
        answer[name] = None if value is None else write(value)
    return answer


def _reader(field: Field) -> Callable[[Any], Any]:
    plain = type(field).get_attribute is fields.Field.get_attribute and field.source != "*"
    return attrgetter(field.source) if plain and field.source else field.get_attribute


def _writer(field: Field) -> Callable[[Any], Any]:
    written = type(field).to_representation
    if written in _PLAINLY:
        return _PLAINLY[written]
    if written is fields.DecimalField.to_representation and _is_plain_amount(field):
        return _amount_writer(field)
    if type(field) is fields.DateTimeField and not hasattr(field, "format"):
        return _moment_writer(field)
    return field.to_representation


# What these do, without a call of a method for each.
_PLAINLY: dict[Any, Callable[[Any], Any]] = {
    fields.IntegerField.to_representation: int,
    fields.CharField.to_representation: str,
}


def _is_plain_amount(field: Any) -> bool:
    """As a string of so many places, rounded as usual."""
    is_string = getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING)
    otherwise = (
        type(field).quantize is not fields.DecimalField.quantize
        or field.localize
        or field.normalize_output
        or field.rounding
        or field.decimal_places is None
    )
    return bool(is_string) and not otherwise


def _amount_writer(field: Any) -> Callable[[Any], Any]:
    """DRF's own makes a context for each amount."""
    places = Decimal(1).scaleb(-field.decimal_places)
    context = Context(prec=field.max_digits or DefaultContext.prec)

    def amount(value: Any) -> Any:
        if type(value) is Decimal:
            return f"{value.quantize(places, context=context):f}"
        return field.to_representation(value)

    return amount


def _moment_writer(field: Field) -> Callable[[Any], Any]:
    def moment(value: Any) -> Any:
        if isinstance(value, datetime) and value.tzinfo is UTC:
            return f"{value.replace(tzinfo=None).isoformat()}Z"
        return field.to_representation(value)

    return moment
