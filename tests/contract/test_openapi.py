"""The OpenAPI document is readable, whole and true: its examples work on the demo data as they stand."""

import json
import re
from typing import Any

import pytest
from django.core import mail
from jsonschema import Draft202012Validator, FormatChecker

from config.contracts import CONTRACTS
from conftest import ApiClient
from core.surface.contract import Contract
from tests.contract.operations import OPERATIONS, SCHEMA, Operation


def paths_of(contract: Contract) -> set[str]:
    return {"/" + re.sub(r"<(\w+:)?(\w+)>", r"{\2}", route.path) for route in contract.routes}


# What no document can know beforehand is taken from an answer or a mail first.
FOUND_OUT = {
    "POST /token/refresh/",
    "POST /logout/",
    "POST /customers/login/validate-otp/",
    "POST /api/verify-otp/",
    "DELETE /customer-tokens/{session_id}/",
    "GET /invitations/{token}/",
    "POST /invitations/{token}/",
}
# Google is not set up on a development machine; what it needs is tested against a real OpenID provider.
NOT_ON_DEMO_DATA = {"GET /google/login/": 503, "GET /google/callback/": 400}
# What the key of a row is called, its own and those it goes by to others.
KEY = re.compile(r"(\w+_)?id|owner|venue|plan|subscription|payment")


def test_the_document_is_served():
    assert ApiClient().get("/api/schema/").json() == json.loads(json.dumps(SCHEMA))


def test_the_document_has_every_route_and_nothing_else():
    assert set(SCHEMA["paths"]) == set().union(*(paths_of(contract) for contract in CONTRACTS))


def test_groups_stand_in_the_order_of_the_contracts_each_under_its_contract():
    groups = [f"{contract.title}: {route.group}" for contract in CONTRACTS for route in contract.routes]

    assert [group["name"] for group in SCHEMA["tags"]] == list(dict.fromkeys(groups))
    assert list(dict.fromkeys(operation.described["tags"][0] for operation in OPERATIONS)) == list(
        dict.fromkeys(groups)
    )


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_each_contract_has_a_document_of_its_own_with_its_routes_and_nothing_else(contract):
    own = ApiClient().get(f"/api/schema/{contract.name}/").json()
    page = ApiClient().get(f"/api/docs/{contract.name}")

    groups = list(dict.fromkeys(route.group for route in contract.routes))
    assert own["info"]["title"] == contract.title
    assert set(own["paths"]) == paths_of(contract)
    assert [tag["name"] for tag in own.get("tags", [])] == groups
    assert {tag for at in own["paths"].values() for operation in at.values() for tag in operation["tags"]} == set(
        groups
    )
    assert (page.status_code, f"<title>{contract.title}</title>" in page.content.decode()) == (200, True)


def test_a_rows_key_may_be_as_large_as_its_column_holds_it():
    bounds = {
        f"{name}.{field}": described["maximum"]
        for name, component in SCHEMA["components"]["schemas"].items()
        for field, described in component.get("properties", {}).items()
        if KEY.fullmatch(field) and "maximum" in described
    }

    assert set(bounds.values()) == {2**63 - 1}, bounds


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_operation_says_what_it_does_what_goes_wrong_and_what_it_looks_like(operation):
    responses = operation.described["responses"]
    shown = [
        content
        for answer in operation.successes.values()
        for media_type, content in answer.get("content", {}).items()
        if media_type == "application/json"
    ]

    assert operation.described["summary"]
    assert {"401", "403"} <= set(responses) or not operation.needs_token
    assert all("examples" in answer["content"]["application/json"] for code, answer in responses.items() if code > "4")
    assert all(content["examples"] for content in shown)
    assert "{" not in operation.url or str(operation) in FOUND_OUT


def checked_by(schema: dict[str, Any]) -> Draft202012Validator:
    """References in it start at the document's root."""
    return Draft202012Validator({"components": SCHEMA["components"], **schema}, format_checker=FormatChecker())


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_examples_are_what_the_document_says_they_are(operation):
    bodies = [*operation.described["responses"].values(), operation.described.get("requestBody", {})]
    contents = [body["content"]["application/json"] for body in bodies if "application/json" in body.get("content", {})]

    for content in contents:
        for example in content["examples"].values():
            checked_by(content["schema"]).validate(example["value"])


def send_example(operation: Operation, client: ApiClient, **found_out: str) -> Any:
    url, example = operation.url, operation.example
    for name, value in found_out.items():
        url = url.replace(f"{{{name}}}", value)
        example = {**example, name: value} if example else example
    return client.send(operation.method, url, example)


def sender_of(operation: Operation, people: dict[str, ApiClient]) -> ApiClient:
    """Pulseboard's clients are browsers, known by their cookies."""
    client = people[operation.sender]
    return client.as_browser() if operation.contract.name == "pulseboard" else client


def assert_documented(operation: Operation, answer: Any) -> None:
    described = operation.successes[answer.status_code]
    if "content" not in described:
        assert answer.content == b""
        return
    content = described["content"][answer["Content-Type"].split(";")[0]]
    if answer["Content-Type"] == "application/json":
        checked_by(content["schema"]).validate(answer.json())


@pytest.mark.parametrize(
    "operation", [at for at in OPERATIONS if str(at) not in FOUND_OUT | NOT_ON_DEMO_DATA.keys()], ids=str
)
def test_the_example_works_on_the_demo_data_and_is_answered_as_documented(operation, people):
    answer = send_example(operation, sender_of(operation, people))

    assert_documented(operation, answer)


def of(name: str) -> Operation:
    return next(operation for operation in OPERATIONS if str(operation) == name)


def log_in_c1() -> dict[str, Any]:
    tokens: dict[str, Any] = send_example(of("POST /login/customer/"), ApiClient()).json()
    return tokens


@pytest.mark.parametrize("name", ["POST /token/refresh/", "POST /logout/"])
def test_a_refresh_token_of_a_login_makes_the_example_work(name, demo_data):
    answer = send_example(of(name), ApiClient(), refresh=log_in_c1()["refresh"])

    assert_documented(of(name), answer)


@pytest.mark.parametrize(
    ("asking", "using"),
    [
        ("POST /customers/login/passwordless/", "POST /customers/login/validate-otp/"),
        ("POST /api/request-otp/", "POST /api/verify-otp/"),
    ],
)
def test_the_code_from_the_mail_makes_the_example_work(asking, using, demo_data, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        send_example(of(asking), ApiClient())
    code = re.search(r"\b\d{6}\b", mail.outbox[0].body)

    answer = send_example(of(using), ApiClient(), otp=str(code and code[0]))

    assert_documented(of(using), answer)


def test_the_link_from_the_mail_makes_the_examples_work(people, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        send_example(of("POST /superuser/users/"), people["superuser"])
    link = re.search(r"/invitations/([\w-]+)/", mail.outbox[0].body)

    for name in ("GET /invitations/{token}/", "POST /invitations/{token}/"):
        assert_documented(of(name), send_example(of(name), ApiClient(), token=str(link and link[1])))


def test_a_session_from_the_list_can_be_ended(people):
    session = people["customer"].get("/customer-tokens/").json()["session"]["id"]
    revoke = of("DELETE /customer-tokens/{session_id}/")

    assert_documented(revoke, send_example(revoke, people["customer"], session_id=session))


@pytest.mark.parametrize(("name", "status"), NOT_ON_DEMO_DATA.items())
def test_google_says_that_it_is_not_set_up_as_documented(name, status, people):
    answer = people["nobody"].get(of(name).path)

    assert answer.status_code == status
    assert str(status) in of(name).described["responses"]
