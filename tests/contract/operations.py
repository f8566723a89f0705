"""The operations of the OpenAPI document, as tests send them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings

from config import docs
from core.surface.contract import Contract

# What a contract calls the part of an error's body that says what was wrong with which field.
FIELDS_OF_A_FAILURE = {"pub": "details", "pulseboard": "errors"}

with patched_settings(docs.TITLE):
    SCHEMA: dict[str, Any] = SchemaGenerator(urlconf=docs).get_schema(public=True)


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    described: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def contract(self) -> Contract:
        return docs.contract_of(self.described)

    @property
    def needs_token(self) -> bool:
        return bool(self.described.get("security"))

    @property
    def sender(self) -> str:
        """Of conftest's people, the first who may, as the document says it."""
        who = self.described.get("description", "").rsplit("For ", 1)[-1]
        callers = {"superusers.": "superuser", "venue owners and superusers.": "owner"}
        return callers.get(who, "customer") if self.needs_token else "nobody"

    @property
    def parameters(self) -> list[dict[str, Any]]:
        return self.described.get("parameters", [])

    @property
    def url(self) -> str:
        """With the examples of the parameters it needs, where it has them."""
        url, query = self.path, {}
        for at in (at for at in self.parameters if "example" in at):
            if at["in"] == "path":
                url = url.replace(f"{{{at['name']}}}", str(at["example"]))
            else:
                query[at["name"]] = at["example"]
        return f"{url}?{urlencode(query)}" if query else url

    @property
    def example(self) -> Any:
        """The request body's; None where there is no body."""
        content = self.described.get("requestBody", {}).get("content", {})
        return content["application/json"]["examples"]["demo"]["value"] if content else None

    @property
    def body_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = self.described["requestBody"]["content"]["application/json"]["schema"]
        return schema

    @property
    def successes(self) -> dict[int, Any]:
        return {int(status): answer for status, answer in self.described["responses"].items() if status < "4"}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference within the document leads to, where it is one."""
    at: Any = SCHEMA
    for step in schema.get("$ref", "#").split("/")[1:]:
        at = at[step]
    return at if "$ref" in schema else schema


def _operations() -> Iterator[Operation]:
    for path, methods in SCHEMA["paths"].items():
        for method, described in methods.items():
            yield Operation(method.upper(), path, described)


OPERATIONS = tuple(_operations())


def operations_of(contract_name: str) -> tuple[Operation, ...]:
    return tuple(operation for operation in OPERATIONS if operation.contract.name == contract_name)
