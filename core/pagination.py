"""Keyset pagination: the next page starts after the last row's values, however many rows come and go meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from django.core import signing
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model, Q, QuerySet

from core.errors import Invalid
from core.prepared import Bound, Slot

Row = TypeVar("Row", bound=Model)

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200


@dataclass(frozen=True)
class Page(Generic[Row]):
    items: list[Row]
    next_cursor: str | None


@dataclass(frozen=True)
class Pages(Generic[Row]):
    """Rows that no queryset finds. `read` gives so many of them, in their order, after these values of its columns."""

    model: type[Row]
    read: Callable[[int, Mapping[str, Any]], list[Row]]


def keyset_page(
    rows: QuerySet[Row] | Bound[Row] | Pages[Row], *, order_by: Sequence[str], limit: int, cursor: str = ""
) -> Page[Row]:
    """One page of `rows` in the order of `order_by`, whose last column must be unique and none of which may be null.

    `limit` over 200 is clamped. The cursor is opaque and signed. Raises Invalid naming `cursor`.
    """
    limit = min(limit, MAXIMUM_LIMIT)
    unpaged = rows.queryset if isinstance(rows, Bound) else rows
    salt = f"cursor:{unpaged.model._meta.label}:{','.join(order_by)}"
    after = _after(unpaged, order_by, _read(cursor, salt)) if cursor else []
    if isinstance(rows, Pages):
        items = rows.read(limit + 1, {one.column: one.value for one in after})
    elif isinstance(rows, Bound):
        items = _read_prepared(rows, order_by, limit + 1, after)
    else:
        items = list(_cut(rows, order_by, limit + 1, after))
    if len(items) <= limit:
        return Page(items, None)
    return Page(items[:limit], _write(items[limit - 1], order_by, salt))


@dataclass(frozen=True)
class _After:
    """What a row that comes later has more of; or less of, where the order descends."""

    column: str
    descends: bool
    field: "Field[Any, Any]"
    value: object


def _read_prepared(rows: Bound[Row], order_by: Sequence[str], count: int, after: list[_After]) -> list[Row]:
    """In the order, the size and the direction given, the query is always the same."""
    slots = [replace(one, value=Slot(f"after_{one.column}", one.field)) for one in after]
    page = rows.prepared.changed(
        (tuple(order_by), count, bool(after)), lambda unpaged: _cut(unpaged, order_by, count, slots)
    )
    return page.all(**rows.values, **{f"after_{one.column}": one.value for one in after})


def _cut(rows: QuerySet[Row], order_by: Sequence[str], count: int, after: list[_After]) -> QuerySet[Row]:
    return rows.filter(_comes_later(after)).order_by(*order_by)[:count]


def _write(row: Model, order_by: Sequence[str], salt: str) -> str:
    values = [str(getattr(row, column.lstrip("-"))) for column in order_by]
    return signing.dumps(values, salt=salt)


def _read(cursor: str, salt: str) -> list[str]:
    try:
        values: list[str] = signing.loads(cursor, salt=salt)
    except signing.BadSignature:
        raise Invalid(fields={"cursor": ["This cursor is not one of this list's."]}) from None
    return values


def _after(rows: QuerySet[Any] | Pages[Any], order_by: Sequence[str], values: Sequence[str]) -> list[_After]:
    after = []
    for column, text in zip(order_by, values, strict=True):
        name = column.lstrip("-")
        field = _field(rows, name)
        after.append(_After(name, column.startswith("-"), field, field.to_python(text)))
    return after


def _comes_later(after: list[_After]) -> Q:
    """(a, b) after (x, y) as `a >= x and (a > x or a = x and b > y)`: the first half is what an index can use."""
    within, condition, equal_so_far = Q(), Q(), Q()
    for one in after:
        comparison = "lt" if one.descends else "gt"
        within = within or Q(**{f"{one.column}__{comparison}e": one.value})
        condition |= equal_so_far & Q(**{f"{one.column}__{comparison}": one.value})
        equal_so_far &= Q(**{one.column: one.value})
    return within & condition


def _field(rows: QuerySet[Any] | Pages[Any], name: str) -> "Field[Any, Any]":
    try:
        field = rows.model._meta.get_field(name)
    except FieldDoesNotExist:
        assert isinstance(rows, QuerySet)
        field = rows.query.annotations[name].output_field
    assert isinstance(field, Field)
    return field
