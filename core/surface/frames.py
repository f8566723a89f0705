"""Frames from a client: JSON objects told apart by `type`, checked against the classes the documents are made of."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from core.errors import Invalid

MAXIMUM_BYTES = 16 * 1024
ABUSIVE_BYTES = 64 * 1024

AnyFrame = TypeVar("AnyFrame", bound=msgspec.Struct)

_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
# What msgspec repeats of a word that is none of those it knows may be anything, a password by mistake.
_VALUE = re.compile(r"^Invalid enum value .*", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<path>[^`]*)`")


class FrameRefused(Invalid):
    code = "frame_invalid"
    message = "This frame is not one this socket takes."


def read_frame(data: bytes, kinds: Mapping[str, type[AnyFrame]], *, default: str = "") -> AnyFrame:
    """The frame as its class. `kinds` are by `type`; `default` is what a frame without a type is.

    Raises FrameRefused for what is too large, not JSON, not an object, of an unknown type or with a bad field, which
    is then named in `fields`.
    """
    if len(data) > MAXIMUM_BYTES:
        raise FrameRefused(f"A frame has at most {MAXIMUM_BYTES} bytes.", code="frame_too_large")
    content = _read_object(data)
    name = content.get("type", default)
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise FrameRefused("Unknown frame type.", code="frame_type_unknown", fields={"type": [_known(kinds)]})
    try:
        return msgspec.convert({**content, "type": name}, kind)
    except msgspec.ValidationError as trouble:
        raise _bad_field(str(trouble)) from None


def _read_object(data: bytes) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise FrameRefused("A frame must be JSON.", code="frame_not_json") from None
    if not isinstance(content, dict):
        raise FrameRefused("A frame must be a JSON object.", code="frame_not_object")
    return content


def _known(kinds: Mapping[str, object]) -> str:
    return f"One of {', '.join(kinds)}."


def _bad_field(trouble: str) -> FrameRefused:
    found = _PATH.search(trouble) or _MISSING.search(trouble)
    field = found["path"] if found else "frame"
    reason = _VALUE.sub("Not one of the values this takes.", _PATH.sub("", trouble))
    return FrameRefused(f"{field}: {reason}", fields={field: [reason]})
