import math
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """JSON whose values can be stored: an unpaired surrogate is no text and `1e999` no number that a column holds."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
        _refuse_unstorable(data)
        return data


def _refuse_unstorable(data: Any) -> None:
    pending = [data]
    while pending:
        value = pending.pop()
        if isinstance(value, float) and not math.isfinite(value):
            raise ParseError("JSON parse error - a number out of range")
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ParseError("JSON parse error - unpaired surrogate in a string") from None
        elif isinstance(value, dict):
            pending.extend(value)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
