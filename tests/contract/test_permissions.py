"""Who may do what: every operation of every contract, sent by everyone."""

from typing import Any

import pytest

from activity.models import ActivityEntry
from config.contracts import CONTRACTS
from conftest import ApiClient
from tests.contract.effects import Effect, effect_of
from tests.contract.operations import OPERATIONS, Operation, operations_of
from tests.contract.permissions import pub, pulseboard

LOG = ActivityEntry._meta.db_table
TABLES = {"pub": pub, "pulseboard": pulseboard}


def send(client: ApiClient, operation: Operation, opened: dict[str, str]) -> Any:
    example = operation.example
    if example and "refresh" in example:
        example = {"refresh": opened["refresh"]}
    return client.send(operation.method, operation.url.replace("{session_id}", opened["session_id"]), example)


def assert_everyone_is_answered(answers: Any, operation: Operation, people: dict[str, ApiClient], opened: Any) -> None:
    callers = TABLES[operation.contract.name].CALLERS

    effects = {who: effect_of(lambda who=who: send(people[who], operation, opened)) for who in callers}

    assert tuple(effect.answer.status_code for effect in effects.values()) == answers[str(operation)]
    for effect in effects.values():
        assert effect.answer.status_code < 400 or changed_nothing(effect)


def changed_nothing(effect: Effect) -> bool:
    """But that somebody's failing to sign in is written down."""
    log = [row for row in effect.after.get(LOG, ()) if row in effect.before[LOG] or "sign_in_failed" not in row]
    return effect.before == effect.after | ({LOG: log} if LOG in effect.after else {})


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_operation_has_a_row(contract):
    assert set(TABLES[contract.name].ANSWERS) == {str(operation) for operation in operations_of(contract.name)}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_everyone_is_answered_as_they_may_and_a_refusal_changes_nothing(operation, people, opened):
    assert_everyone_is_answered(TABLES[operation.contract.name].ANSWERS, operation, people, opened)


@pytest.mark.parametrize("operation", operations_of("pulseboard"), ids=str)
def test_everyones_browser_is_answered_the_same_by_its_cookies(operation, people, opened):
    browsers = {who: client.as_browser() for who, client in people.items()}

    assert_everyone_is_answered(pulseboard.ANSWERS | pulseboard.BY_COOKIE, operation, browsers, opened)
