"""Schemathesis over the whole OpenAPI document, as everyone, on demo data, each request undone after it.

FUZZ_EXAMPLES says how many requests are generated for each operation and caller beside the fixed ones of the examples
and coverage phases; `make fuzz FUZZ_EXAMPLES=100` sends far over 20,000.
"""

import os
from collections import Counter
from contextlib import ExitStack

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    NotAServerErrorConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.specs.openapi.checks import ignored_auth, is_unexpected_http_status_case, use_after_free

from config.docs import contract_of
from tests.contract.effects import undone
from tests.contract.operations import FIELDS_OF_A_FAILURE, SCHEMA

pytestmark = [pytest.mark.fuzz, pytest.mark.usefixtures("demo_data")]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
CALLERS = ("nobody", "customer", "customer's browser", "owner", "superuser")
CONFIG = SchemathesisConfig(
    seed=20240601,
    projects=ProjectsConfig(
        default=ProjectConfig(
            checks=ChecksConfig(
                not_a_server_error=NotAServerErrorConfig(expected_statuses=["2xx", "3xx", "4xx", "503"]),
                positive_data_acceptance=PositiveDataAcceptanceConfig(expected_statuses=["2xx", "3xx", "4xx", "503"]),
            ),
            generation=GenerationConfig(max_examples=EXAMPLES, deterministic=True, with_security_parameters=False),
        )
    ),
)

# What any request may be refused for, and no document repeats for each operation.
ANYWHERE = {400: {"parse_error"}, 401: {"session_ended", "token_invalid"}}
# Rules that no schema can hold: an address that could be one, the time zones there are, a cursor we gave out, a place,
# a path of ours; a place has both numbers, Google sends a code or an error, a refresh token may come as a cookie.
BEYOND_A_SCHEMA = {
    *("email", "contact_email", "time_zone", "cursor", "near", "next"),
    *("latitude", "longitude", "code", "refresh"),
}


@schemathesis.check
def refused_for_a_documented_reason(ctx, response, case):
    """Every error code is documented, and what the schema allows is refused for reasons no schema can hold."""
    if response.status_code < 400 or is_unexpected_http_status_case(case):
        return
    code = response.json()["code"]
    described = case.operation.definition.raw["responses"][str(response.status_code)]
    documented = described["content"]["application/json"]["examples"].keys() | ANYWHERE.get(response.status_code, set())
    if code not in documented:
        raise AssertionError(f"undocumented code {code}: documented are {sorted(documented)}")
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    fields = FIELDS_OF_A_FAILURE[contract_of(case.operation.definition.raw).name]
    if code == "invalid" and is_valid and not response.json()[fields].keys() <= BEYOND_A_SCHEMA:
        raise AssertionError(f"valid by the schema, yet refused: {response.text}")


SENT: Counter[str] = Counter()

api = schemathesis.openapi.from_dict(SCHEMA, config=CONFIG)
api.app = get_wsgi_application()


@pytest.fixture(autouse=True)
def _connections_stay_open():
    """A server closes them between requests; here they hold the transaction that all of them are in."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(params=CALLERS)
def credentials(request, people) -> dict[str, dict[str, str]]:
    """A browser sends its tokens as cookies, which is how Pulseboard's clients are known."""
    tokens = people[request.param.removesuffix("'s browser")].tokens
    if tokens is None:
        return {}
    if request.param.endswith("'s browser"):
        return {"cookies": {"access_token": tokens.access, "refresh_token": tokens.refresh}}
    return {"headers": {"Authorization": f"Bearer {tokens.access}"}}


@api.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
def test_every_answer_is_as_documented(case, credentials):
    # That check takes the cookies of ours for ones it made up itself; it is made with everybody's tokens.
    untrue = [ignored_auth] if "cookies" in credentials else []
    with undone():
        case.call_and_validate(excluded_checks=untrue, **credentials)
    SENT.update([case.operation.label])


@pytest.fixture(autouse=True)
def _count(record_property):
    before = SENT.total()
    yield
    record_property("requests", SENT.total() - before)


def test_what_is_made_can_be_used_until_it_is_deleted(credentials):
    """Requests that follow one another, as the document's links and names suggest."""

    class Session(api.as_state_machine()):
        def setup(self):
            self.everything = ExitStack()
            self.everything.enter_context(undone())

        def teardown(self):
            self.everything.close()

        def get_call_kwargs(self, case):
            SENT.update([case.operation.label])
            return credentials

        def validate_response(self, response, case, additional_checks=None, **sent):
            # Taking our token for one it made up itself, ignored_auth is wrong here; above it is asked of each.
            # A deleted venue stays for those who run it: it is closed.
            untrue = [ignored_auth, *([use_after_free] if "{venue_id}" in case.operation.path else [])]
            case.validate_response(response, excluded_checks=untrue, transport_kwargs=sent, recorder=self.recorder)

    run_state_machine_as_test(
        Session,
        settings=settings(
            max_examples=4 * EXAMPLES,
            stateful_step_count=8,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
