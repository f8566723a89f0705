"""The OpenAPI document of the test contract says what the contract does."""

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from core.tests.throwaway.camel import CAMEL


class Routes:
    urlpatterns = [
        pattern for pattern in CAMEL.urlpatterns() if "CounterList" in pattern.name or "Detail" in pattern.name
    ]


@pytest.fixture
def schema():
    GENERATOR_STATS.reset()
    return SchemaGenerator(urlconf=Routes).get_schema(public=True)


def operation(schema, method, path):
    return schema["paths"][path][method]


def component(schema, name):
    return schema["components"]["schemas"][name]


def test_it_is_valid_openapi_and_made_without_a_warning(schema):
    validate_schema(schema)

    assert schema["openapi"].startswith("3.1")
    assert dict(GENERATOR_STATS._warn_cache) == dict(GENERATOR_STATS._error_cache) == {}


def test_a_list_is_an_array_in_the_envelope_with_its_parameters_and_link(schema):
    described = operation(schema, "get", "/throwaway/counters/")

    answer = described["responses"]["200"]
    assert answer["content"]["application/json"]["schema"] == {
        "type": "object",
        "properties": {
            "ok": {"type": "boolean"},
            "data": {"type": "array", "items": {"$ref": "#/components/schemas/CamelCounterOut"}},
        },
        "required": ["ok", "data"],
    }
    assert set(answer["headers"]) == {"X-Request-ID", "Link"}
    assert {parameter["name"]: parameter["schema"] for parameter in described["parameters"]} == {
        "limit": {"type": "integer", "minimum": 1, "default": 50},
        "cursor": {
            "type": "string",
            "default": "",
            "minLength": 1,
            "maxLength": 1000,
            "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$",
        },
    }


def test_names_are_spelled_as_the_contract_spells_them(schema):
    assert set(component(schema, "CamelCounterIn")["properties"]) == {
        "counterName",
        "firstCount",
        "stepSize",
        "isPublic",
        "contactEmail",
        "groupId",
        "kind",
        "mainLabel",
        "otherLabels",
        "freeForm",
    }
    assert set(component(schema, "CamelLabelIn")["properties"]) == {"shortText"}
    assert component(schema, "CamelCounterOut")["required"] == ["counterName", "currentCount", "isNew", "startedAt"]


def test_fields_say_what_they_take(schema):
    properties = component(schema, "CamelCounterIn")["properties"]

    assert properties["counterName"] == {
        "type": "string",
        "maxLength": 20,
        "minLength": 1,
        "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$",
    }
    assert properties["firstCount"] == {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "default": 0}
    assert properties["contactEmail"] == {"type": "string", "format": "email", "maxLength": 254, "minLength": 1}
    assert properties["groupId"] == {"type": "string", "format": "uuid"}
    assert properties["kind"]["enum"] == ["up", "down"]
    assert component(schema, "CamelCounterIn")["required"] == ["counterName"]


def test_operations_have_stable_ids_groups_and_security_only_where_a_token_is_needed(schema):
    described = {
        (method, path): (entry["operationId"], entry["tags"], "security" in entry)
        for path, methods in schema["paths"].items()
        for method, entry in methods.items()
    }

    one = "/throwaway/counters/{counter_name}/"
    assert described == {
        ("get", "/throwaway/counters/"): ("camel_get_throwaway_counters", ["Kernel"], False),
        ("post", "/throwaway/counters/"): ("camel_post_throwaway_counters", ["Kernel"], False),
        ("get", one): ("camel_get_throwaway_counters_counter_name", ["Counting"], True),
        ("post", one): ("camel_post_throwaway_counters_counter_name", ["Counting"], True),
        ("delete", one): ("camel_delete_throwaway_counters_counter_name", ["Counting"], False),
    }


def test_failures_are_one_component_with_an_example_for_each_code(schema):
    responses = operation(schema, "post", "/throwaway/counters/")["responses"]

    assert set(responses) == {"201", "400", "409", "413", "415", "429"}
    conflict = responses["409"]
    assert conflict["description"] == "Conflict: `counter_taken`"
    assert set(conflict["headers"]) == {"X-Request-ID", "Retry-After"}
    content = conflict["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/CamelFailure"}
    assert set(content["examples"]) == {"idempotency_key_reused", "counter_taken"}
    assert content["examples"]["counter_taken"]["value"] == {
        "ok": False,
        "problem": {"name": "counter_taken", "text": "There is a counter of that name."},
        "fields": {"counterName": "There is a counter of that name."},
    }


def test_who_may_be_refused_and_what_may_be_missing_is_said(schema):
    responses = operation(schema, "get", "/throwaway/counters/{counter_name}/")["responses"]

    assert set(responses) == {"200", "400", "401", "403", "404", "429"}


def test_examples_stand_in_the_request_and_in_the_envelope(schema):
    described = operation(schema, "post", "/throwaway/counters/")

    request = described["requestBody"]["content"]["application/json"]["examples"]
    answer = described["responses"]["201"]["content"]["application/json"]["examples"]
    assert request == {"demo": {"summary": "Demo data", "value": {"counterName": "visits"}}}
    assert answer["answer"]["value"]["data"]["counterName"] == "visits"


def test_what_changes_something_takes_an_idempotency_key(schema):
    taking = {
        method
        for methods in schema["paths"].values()
        for method, entry in methods.items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in entry.get("parameters", ()))
    }

    assert taking == {"post", "delete"}


def test_the_kits_own_docstrings_are_not_published(schema):
    assert "description" not in operation(schema, "get", "/throwaway/counters/")
