"""Queries that nearly every request makes, compiled to SQL once: Django spends most of a small read on that.

_live = Prepared(lambda: Session.objects.select_related("user").filter(pk=Slot("id", UUIDField())))
session = _live.first(id=…)
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BooleanField, F, Field, Func, IntegerField, Model, QuerySet, Value
from django.db.models.query import ModelIterable
from django.db.models.sql.compiler import SQLCompiler

from core import sql

Row = TypeVar("Row", bound=Model)


class Slot(Value):
    """Stands in a queryset for a value that each run brings, of that field's type and never None.

    One for an integer must be what a column equals: Django's care for numbers no column holds stops there.
    """

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(name, output_field=field)
        self.name = name
        self.column = field

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> Any:
        return "%s", (self,)


class OneOf(Func):
    """A condition: that an integer is one of these, however many; or of those that each run brings in a slot.

    Django's own `in` writes out, and adapts, each of them. Unlike that this is not to be negated where it may be null.
    """

    output_field = BooleanField()

    def __init__(self, of: F | str, these: "Collection[int] | ListSlot") -> None:
        super().__init__(of)
        self._these = these

    def as_sql(self, compiler: SQLCompiler, *args: Any, **context: Any) -> Any:
        of, parameters = compiler.compile(self.source_expressions[0])
        these = self._these if isinstance(self._these, ListSlot) else sql.listed(self._these)
        return sql.one_of(of), (*parameters, these)


@dataclass(frozen=True)
class ListSlot:
    """Stands for a list of integers that each run brings."""

    name: str


class Prepared(Generic[Row]):
    """A queryset with slots, of whole rows unless it is read with `rows`. It is made when first run, once a process."""

    def __init__(self, make: Callable[[], QuerySet[Row]]) -> None:
        self._make = make
        self._changed: dict[Hashable, Prepared[Row]] = {}

    @cached_property
    def queryset(self) -> QuerySet[Row]:
        """To be changed further; it cannot be read as it is."""
        return self._make()

    @cached_property
    def _compiled(self) -> "_Compiled":
        return _Compiled(self.queryset)

    def all(self, **values: object) -> list[Row]:
        """Of values that a column cannot hold there are none."""
        try:
            filled = self._compiled.filled(values)
        except EmptyResultSet:
            return []
        return list(ModelIterable(cast(QuerySet[Row], filled)))

    def rows(self, **values: object) -> list[tuple[Any, ...]]:
        """Of one that names its values, in that order."""
        try:
            filled = self._compiled.filled(values)
        except EmptyResultSet:
            return []
        found: Any = filled.get_compiler(DEFAULT_DB_ALIAS).results_iter(tuple_expected=True)
        return list(found)

    def first(self, **values: object) -> Row | None:
        return next(iter(self.all(**values)), None)

    def changed(self, key: Hashable, change: Callable[[QuerySet[Row]], QuerySet[Row]]) -> "Prepared[Row]":
        """This query changed, prepared too. The same `key` stands for the same change."""
        if key not in self._changed:
            self._changed[key] = Prepared(lambda: change(self.queryset))
        return self._changed[key]

    def bound(self, **values: object) -> "Bound[Row]":
        return Bound(self, values)


@dataclass(frozen=True)
class Bound(Generic[Row]):
    """A prepared query and what to run it with."""

    prepared: Prepared[Row]
    values: Mapping[str, object]

    @property
    def queryset(self) -> QuerySet[Row]:
        return self.prepared.queryset


class _Compiled:
    def __init__(self, rows: QuerySet[Any]) -> None:
        self._model = rows.model
        self._compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        self._sql, self._parameters = self._compiler.as_sql()

    def filled(self, values: Mapping[str, object]) -> "_Filled":
        here = connections[DEFAULT_DB_ALIAS]
        parameters = tuple(_filled(parameter, values, here) for parameter in self._parameters)
        compiler = copy(self._compiler)
        compiler.connection = here
        compiler.as_sql = lambda *args, **kwargs: (self._sql, parameters)
        return _Filled(self._model, compiler)


def _filled(parameter: object, values: Mapping[str, Any], connection: Any) -> object:
    match parameter:
        case Slot():
            return _adapted(values[parameter.name], parameter.column, connection)
        case ListSlot():
            return sql.listed(values[parameter.name])
        case _:
            return parameter


def _adapted(value: Any, field: "Field[Any, Any]", connection: Any) -> object:
    if isinstance(field, IntegerField):
        least, most = connection.ops.integer_field_range(field.get_internal_type())
        if not least <= value <= most:
            raise EmptyResultSet
    return field.get_db_prep_value(value, connection)


class _Filled:
    """All that Django's ModelIterable asks of a queryset and of its query."""

    db = DEFAULT_DB_ALIAS
    _known_related_objects: Mapping[Any, Any] = {}

    def __init__(self, model: type[Model], compiler: SQLCompiler) -> None:
        self.model = model
        self.query = self
        self._compiler = compiler

    def get_compiler(self, using: str) -> SQLCompiler:
        return self._compiler
