"""Whatever a client sends is a value that can be stored, or a refusal."""

import io
import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ErrorDetail, ParseError

from core.surface.failure import Failure, flatten
from core.surface.parsers import StrictJSONParser
from core.tests.throwaway.camel import CAMEL, CounterIn

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
MESSAGE = st.text(max_size=5).map(ErrorDetail)
ERRORS = st.recursive(
    MESSAGE | st.lists(MESSAGE, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=10,
)


def parse(data: bytes):
    return StrictJSONParser().parse(io.BytesIO(data))


def refused(data: bytes) -> bool:
    try:
        parse(data)
    except ParseError:
        return True
    return False


def is_storable(value) -> bool:
    if isinstance(value, dict):
        return all(is_storable(key) and is_storable(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(is_storable(inner) for inner in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, str) or not any("\ud800" <= character <= "\udfff" for character in value)


@given(ANY_JSON)
def test_json_is_parsed_as_it_is_exactly_if_it_can_be_stored(value):
    data = json.dumps(value).encode()

    if is_storable(value):
        assert parse(data) == value
    else:
        assert refused(data)


@given(st.binary(max_size=60) | st.from_regex(rb'[\[\]{}",:0-9.eE+\\u-]{0,40}', fullmatch=True))
def test_any_bytes_are_parsed_or_refused(data):
    refused(data)


@given(ANY_JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(CounterIn().fields, ANY_JSON)))
@settings(max_examples=300)
def test_any_json_is_valid_input_or_a_refusal_with_fields(value):
    serializer = CounterIn(data=value)

    if not serializer.is_valid():
        assert all(messages for messages in flatten(serializer.errors).values())


def leaves(detail) -> int:
    if isinstance(detail, dict):
        return sum(leaves(inner) for inner in detail.values())
    return sum(leaves(inner) for inner in detail) if isinstance(detail, list) else 1


@given(ERRORS)
def test_no_message_is_lost_when_errors_are_flattened(detail):
    flat = flatten(detail)

    assert sum(len(messages) for messages in flat.values()) == leaves(detail)
    assert all(isinstance(path, str) and path for path in flat) or "" in str(detail)
    json.dumps(CAMEL.spell_failure(Failure(400, "invalid", "", fields=flat)))
