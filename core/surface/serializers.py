"""Serializers with a declared casing, and fields that take only the JSON type they document.

A contract's `api` modules subclass `Serializer` (snake_case) or `CamelSerializer`; fields are always declared in the
domain's snake_case and renamed once, so that the document, the errors and the JSON agree.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, NoReturn
from uuid import UUID

from rest_framework import fields, serializers

from core.pagination import DEFAULT_LIMIT
from core.surface.casing import Casing, camel_case, snake_case
from core.surface.showing import Shown, show, shown_fields


class Serializer(serializers.Serializer[Any]):
    casing = staticmethod(snake_case)

    def get_fields(self) -> dict[str, fields.Field[Any, Any, Any, Any]]:
        renamed: dict[str, fields.Field[Any, Any, Any, Any]] = {}
        for name, field in super().get_fields().items():
            spelled = self.casing(name)
            if spelled != name:
                _bind_to(field, name)
            renamed[spelled] = field
        return renamed

    def to_representation(self, instance: Any) -> Any:
        if isinstance(instance, Mapping):
            return super().to_representation(instance)
        return show(instance, self._shown)

    @cached_property
    def _shown(self) -> list[Shown]:
        """What no context changes is found out once a process: copying fields costs as much as showing twenty rows."""
        kind = type(self)
        if kind in _shown_alike:
            return _shown_alike[kind]
        if any(map(_needs_context, kind._declared_fields.values())):
            return shown_fields(self._readable_fields)
        return _shown_alike.setdefault(kind, shown_fields(kind()._readable_fields))


_shown_alike: dict[type[Serializer], list[Shown]] = {}


def _needs_context(field: object) -> bool:
    """Whether it may show the same row differently from one request to the next, or something in it may."""
    field = getattr(field, "child", field)
    if isinstance(field, Serializer):
        own = type(field).to_representation is not Serializer.to_representation
        return own or any(map(_needs_context, field._declared_fields.values()))
    return isinstance(field, fields.SerializerMethodField)


class CamelSerializer(Serializer):
    casing = staticmethod(camel_case)


def spelled_otherwise(documented: object, casing: Casing) -> Iterator[str]:
    """The names of serializers, nested ones included, whose casing is another one."""
    documented = getattr(documented, "child", documented)
    serializer = documented if isinstance(documented, type) else type(documented)
    if not issubclass(serializer, Serializer):
        return
    if serializer.casing is not casing:
        yield serializer.__name__
    for field in serializer._declared_fields.values():
        yield from spelled_otherwise(field, casing)


def _bind_to(field: fields.Field[Any, Any, Any, Any], name: str) -> None:
    """Let a renamed field read and write what it was declared as."""
    if isinstance(field, fields.SerializerMethodField):
        field.method_name = field.method_name or f"get_{name}"
    elif field.source is None:
        field.source = name


class Text(fields.CharField):
    """A JSON string; DRF's own would take numbers too. A length bound is not optional: 255 unless said otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Email(fields.EmailField):
    """An e-mail address of at most 254 characters, in lower case: addresses are compared without case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data).lower()


class Integer(fields.IntegerField):
    """A JSON integer between the bounds of the column it is for: 32 bits unless said otherwise. 3.0 is 3."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", -(2**31))
        kwargs.setdefault("max_value", 2**31 - 1)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class Id(Integer):
    """A row's key: 64 bits, as its column."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)


class Number(fields.FloatField):
    """A finite JSON number."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        try:
            return float(data)
        except OverflowError:
            self.fail("invalid")


class Uuid(fields.UUIDField):
    """A JSON string; DRF's own would take any integer for one."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Money(fields.DecimalField):
    """An amount of at least nothing, to the cent: shown as a string, taken as a string or a number."""

    STRING = r"[0-9]{1,10}(\.[0-9]{1,2})?"
    taken_as: ClassVar[dict[str, Any]] = {
        "type": ["string", "number"],
        "pattern": f"^{STRING}$",
        "minimum": 0,
        "exclusiveMaximum": 10**10,
        "multipleOf": 0.01,
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, min_value=Decimal(0), **kwargs)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """DRF's own would take an empty string for null."""
        return fields.Field.validate_empty_values(self, data)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or (isinstance(data, str) and not re.fullmatch(self.STRING, data)):
            self.fail("invalid")
        return super().to_internal_value(data)


class Boolean(fields.BooleanField):
    """JSON's true or false; DRF's own would take "yes", 1 and more."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Choice(fields.ChoiceField):
    """One of a few values. A refusal names them; DRF's own would repeat what was sent, by mistake a password."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid_choice": "Choose one of: {choices}."}

    def fail(self, key: str, **values: Any) -> NoReturn:
        super().fail(key, choices=", ".join(map(str, self.choices)), **values)


class ListQuery(serializers.Serializer[Any]):
    """What every list takes."""

    limit = fields.IntegerField(
        min_value=1, default=DEFAULT_LIMIT, help_text="How many rows, 50 unless given; more than 200 are clamped."
    )
    cursor = fields.CharField(
        default="",
        max_length=1000,
        help_text='Where the next page starts: take it from `Link: rel="next"`.',
    )


class DatedListQuery(ListQuery):
    """What a list of what happened takes as well."""

    last_day = fields.DateField(required=False, help_text="To this day, included, in UTC.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, so it cannot be declared as the others are."""
        declared = super().get_fields()
        last_day = declared.pop("last_day")
        first_day = fields.DateField(required=False, source="first_day", help_text="From this day on, in UTC.")
        last_day.source = "last_day"
        return {**declared, "from": first_day, "to": last_day}


class MessageOut(Serializer):
    """An act that has nothing to show but that it was done. There is room for an address in what is said."""

    message = Text(max_length=300)
