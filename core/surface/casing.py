"""How a contract spells the names of fields. Only declared names are spelled; keys inside a client's JSON never are."""

import re
from collections.abc import Callable

Casing = Callable[[str], str]


def snake_case(name: str) -> str:
    return name


def camel_case(name: str) -> str:
    """`starts_at` as `startsAt`; a dotted path keeps its dots."""
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)
