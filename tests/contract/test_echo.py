"""No refusal repeats what was sent: whatever is put into a field by mistake, a password perhaps, is not told again."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.effects import undone
from tests.contract.operations import OPERATIONS, Operation, resolved

WORD = "canary-7f3a"
CODE = 739155


def with_a_mistake_in_each_field(value: Any, documented: dict[str, Any], mistake: Any) -> Iterator[Any]:
    """The value once for each field that is documented in it, however deep, with the mistake in that field."""
    documented = resolved(documented)
    yield mistake
    for name, inner in documented.get("properties", {}).items():
        given = value if isinstance(value, dict) else {}
        for wrong in with_a_mistake_in_each_field(given.get(name), inner, mistake):
            yield {**given, name: wrong}
    if "items" in documented:
        given = value[0] if isinstance(value, list) and value else None
        yield from ([wrong] for wrong in with_a_mistake_in_each_field(given, documented["items"], mistake))


def mistaken_requests(operation: Operation) -> Iterator[tuple[str, Any]]:
    for mistake in (WORD, CODE):
        for at in operation.parameters:
            if at["in"] == "path":
                yield operation.path.replace(f"{{{at['name']}}}", str(mistake)), operation.example
            elif at["in"] == "query":
                yield f"{operation.url.partition('?')[0]}?{urlencode({at['name']: mistake})}", operation.example
    if operation.example is not None:
        for mistake in (WORD, CODE, [WORD]):
            for body in with_a_mistake_in_each_field(operation.example, operation.body_schema, mistake):
                yield operation.url, body


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_refusal_does_not_repeat_what_was_sent(operation, people):
    client = people[operation.sender]
    repeated = []
    for url, body in mistaken_requests(operation):
        with undone():
            answer = client.send(operation.method, url, body)
        refusal = answer.content.decode() if answer.status_code >= 400 else ""
        if WORD in refusal or str(CODE) in refusal:
            repeated.append((url, body, refusal))

    assert repeated == []
