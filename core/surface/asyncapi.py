"""The AsyncAPI 3 document of every contract's sockets, made from the very classes that read and write their frames.

`action` is this server's, as AsyncAPI wants it: it receives what clients send.
"""

import inspect
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from core.surface.close_codes import MEANINGS
from core.surface.contract import Contract, SocketRoute

Json = dict[str, Any]

SECURITY: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "`Authorization: Bearer <access>` in the handshake.",
    },
    "subprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": "The sub-protocols `bearer, <access>`; `bearer` is the one that is accepted.",
    },
    "ticket": {
        "type": "httpApiKey",
        "in": "query",
        "name": "ticket",
        "description": "`?ticket=<ticket>`: used once, and good for 30 seconds.",
    },
    "query": {"type": "httpApiKey", "in": "query", "name": "token", "description": "`?token=<access>`."},
    "cookie": {
        "type": "httpApiKey",
        "in": "cookie",
        "name": "access_token",
        "description": "The cookie `access_token`, from this server's own pages and allowed origins only.",
    },
}
CREDENTIALS = (
    "Whose a socket is, is told in one of these ways, of which the first found wins: the `Authorization` header, the "
    "sub-protocols `bearer, <access>`, `?ticket=`, `?token=`, the `access_token` cookie, and `token` in a frame where "
    "the frames below have one. A socket ends with its session and with its access token."
)
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def describe_sockets(contracts: Iterable[Contract], *, title: str, version: str, host: str, protocol: str) -> Json:
    """The document, for a server at `host` speaking `protocol` (ws or wss)."""
    document: Json = {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version, "description": CREDENTIALS},
        "defaultContentType": "application/json",
        "servers": {"here": {"host": host, "protocol": protocol, "security": _schemes()}},
        "channels": {},
        "operations": {},
        "components": {"messages": {}, "schemas": {}, "securitySchemes": SECURITY},
    }
    for contract in contracts:
        for socket in contract.sockets:
            _add_socket(document, contract, socket)
    return document


def _add_socket(document: Json, contract: Contract, socket: SocketRoute) -> None:
    consumer = socket.consumer
    name = f"{contract.name}.{consumer.__name__.removesuffix('Consumer').lower()}"
    taken = [_add_message(document, contract, kind, consumer.type_unless_given) for kind in consumer.takes.values()]
    given = [_add_message(document, contract, kind, "") for kind in consumer.gives]
    document["channels"][name] = _channel(contract, socket) | {"messages": _messages((*taken, *given))}
    for action, messages, summary in (("receive", taken, "You may send"), ("send", given, "You are sent")):
        document["operations"][f"{name}.{action}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": summary,
            "messages": [{"$ref": f"#/channels/{name}/messages/{message}"} for message in messages],
        }


def _channel(contract: Contract, socket: SocketRoute) -> Json:
    names = _PARAMETER.findall(socket.path)
    return {
        "address": "/" + _PARAMETER.sub(r"{\1}", socket.path),
        "title": socket.consumer.title,
        "summary": contract.title,
        "description": _text(socket.consumer),
        "parameters": {name: {"examples": [str(contract.path_examples[name])]} for name in names},
        "x-close-codes": {str(code): meaning for code, meaning in MEANINGS.items()},
    }


def _add_message(document: Json, contract: Contract, kind: type[msgspec.Struct], default: str) -> str:
    """Describe a frame class as a message and its schema. Returns their name."""
    name = f"{contract.name}.{kind.__name__}"
    (reference,), schemas = msgspec.json.schema_components(
        [kind], ref_template=f"#/components/schemas/{contract.name}.{{name}}"
    )
    schema = schemas[reference["$ref"].rpartition(".")[2]]
    if kind.__struct_config__.tag == default:
        schema["required"].remove("type")
    document["components"]["schemas"] |= {f"{contract.name}.{key}": value for key, value in schemas.items()}
    document["components"]["messages"][name] = {
        "name": str(kind.__struct_config__.tag or kind.__name__.lower()),
        "title": kind.__name__,
        "summary": _text(kind),
        "payload": reference,
        "examples": _examples(schema),
    }
    return name


def _examples(schema: Json) -> list[Json]:
    """One with what must be there, and one with everything, put together from the fields' own examples."""
    whole = {name: _example(field) for name, field in schema["properties"].items()}
    least = {name: value for name, value in whole.items() if name in schema["required"]}
    return [{"name": "plain", "payload": least}, *([{"name": "full", "payload": whole}] if whole != least else [])]


def _example(field: Json) -> Any:
    field = field.get("anyOf", [field])[0]
    return field["enum"][0] if "enum" in field else field["examples"][0]


def _text(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


def _messages(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _schemes() -> list[Json]:
    return [{"$ref": f"#/components/securitySchemes/{name}"} for name in SECURITY]
