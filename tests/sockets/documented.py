"""Every frame that tests send or receive must be in the AsyncAPI document."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from config.docs import sockets_document

Frame = dict[str, Any]


def assert_documented(path: str, action: str, frame: Frame) -> None:
    """`action` is the server's: it receives what a client sends."""
    validators = _validators(action, _channel_of(path))
    kind = frame.get("type", "message" if action == "receive" else None)
    assert kind in validators, f"{path} has no {kind} to {action}: {frame}"
    trouble = best_match(validators[kind].iter_errors(frame))
    assert trouble is None, f"{trouble.message} in {frame}"


@cache
def _document() -> dict[str, Any]:
    return json.loads(json.dumps(sockets_document()))


def _channel_of(path: str) -> str:
    path = path.partition("?")[0].rstrip("/") + "/"
    for name, channel in _document()["channels"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", channel["address"]), path):
            return name
    raise AssertionError(f"no channel is documented at {path}")


@cache
def _validators(action: str, channel: str) -> dict[str | None, Draft202012Validator]:
    """By the frame's `type`; None for the error frame, which has none."""
    document = _document()
    messages = document["operations"][f"{channel}.{action}"]["messages"]
    validators = {}
    for name in (reference["$ref"].rpartition("/")[2] for reference in messages):
        schema = {**document["components"]["messages"][name]["payload"], "components": document["components"]}
        properties = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
        kind = properties["type"]["enum"][0] if "type" in properties else None
        validators[kind] = Draft202012Validator(schema)
    return validators
