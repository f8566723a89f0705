"""The AsyncAPI document as a page for people reads it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    description: str
    is_required: bool


@dataclass(frozen=True)
class Message:
    """`examples` are JSON, ready to be copied."""

    anchor: str
    name: str
    title: str
    summary: str
    fields: list[Field]
    examples: list[str]


@dataclass(frozen=True)
class Direction:
    summary: str
    messages: list[Message]


@dataclass(frozen=True)
class Socket:
    anchor: str
    title: str
    contract: str
    address: str
    description: str
    directions: list[Direction]
    close_codes: dict[str, str]


def read_sockets(document: Json) -> list[Socket]:
    return [
        Socket(
            anchor=name,
            title=channel["title"],
            contract=channel["summary"],
            address=channel["address"],
            description=channel["description"],
            directions=list(_directions(document, name)),
            close_codes=channel["x-close-codes"],
        )
        for name, channel in document["channels"].items()
    ]


def _directions(document: Json, channel: str) -> Iterator[Direction]:
    for name, operation in document["operations"].items():
        if operation["channel"]["$ref"] == f"#/channels/{channel}":
            messages = [reference["$ref"].rpartition("/")[2] for reference in operation["messages"]]
            yield Direction(operation["summary"], [_message(document, name, message) for message in messages])


def _message(document: Json, operation: str, key: str) -> Message:
    message = document["components"]["messages"][key]
    schema = document["components"]["schemas"][message["payload"]["$ref"].rpartition("/")[2]]
    return Message(
        anchor=f"{operation}.{message['title']}",
        name=message["name"],
        title=message["title"],
        summary=message["summary"],
        fields=[_field(name, field, schema) for name, field in schema["properties"].items()],
        examples=[json.dumps(each["payload"], ensure_ascii=False, indent=2) for each in message["examples"]],
    )


def _field(name: str, field: Json, schema: Json) -> Field:
    shape = field.get("anyOf", [field])[0]
    kind = f'"{shape["enum"][0]}"' if "enum" in shape else shape.get("type", "object")
    longest = f"At most {shape['maxLength']} characters." if "maxLength" in shape else ""
    description = " ".join(filter(None, (shape.get("description", ""), longest)))
    return Field(name, kind, description, name in schema["required"])
