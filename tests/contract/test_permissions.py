"""Who may do what: every operation of the contract, sent by everyone."""

from typing import Any

import pytest

from conftest import ApiClient
from tests.contract.effects import effect_of
from tests.contract.operations import OPERATIONS, Operation

CALLERS = ("nobody", "customer", "other customer", "owner", "other owner", "superuser")
# The customer is c1, who is at venue 3, is customer 1 and has chat 1, message 2 and the session and the tokens that
# are sent; the owner is that of venue 3 and its offers. What is done to customer 2 they cannot do to themselves.
ANSWERS = {
    "POST /login/customer/": (200, 200, 200, 200, 200, 200),
    "POST /login/owner/": (200, 200, 200, 200, 200, 200),
    "POST /customers/login/passwordless/": (200, 200, 200, 200, 200, 200),
    "POST /customers/login/validate-otp/": (400, 400, 400, 400, 400, 400),
    "POST /register/customer/": (201, 201, 201, 201, 201, 201),
    "GET /customer-tokens/": (401, 200, 200, 200, 200, 200),
    "DELETE /customer-tokens/{session_id}/": (401, 204, 404, 404, 404, 404),
    "POST /ws-ticket/": (401, 201, 201, 201, 201, 201),
    "POST /token/refresh/": (200, 200, 200, 200, 200, 200),
    "POST /logout/": (200, 200, 400, 400, 400, 400),
    "GET /invitations/{token}/": (404, 404, 404, 404, 404, 404),
    "POST /invitations/{token}/": (404, 404, 404, 404, 404, 404),
    "GET /google/login/": (503, 503, 503, 503, 503, 503),
    "GET /google/callback/": (400, 400, 400, 400, 400, 400),
    "GET /customers/": (401, 200, 200, 200, 200, 200),
    "POST /customers/password/": (401, 200, 200, 200, 200, 400),
    "DELETE /customers/me/": (401, 204, 204, 403, 403, 403),
    "GET /customers/me/export/": (401, 200, 200, 200, 200, 200),
    "GET /customers/{customer_id}/": (401, 200, 404, 404, 404, 200),
    "PUT /customers/{customer_id}/": (401, 200, 404, 404, 404, 200),
    "PATCH /customers/{customer_id}/": (401, 200, 404, 404, 404, 200),
    "DELETE /customers/{customer_id}/": (401, 403, 403, 403, 403, 204),
    "POST /customers/{customer_id}/block/": (401, 200, 400, 200, 200, 200),
    "POST /customers/{customer_id}/unblock/": (401, 200, 200, 200, 200, 200),
    "POST /customers/{customer_id}/report/": (401, 201, 400, 201, 201, 201),
    "GET /venues/": (401, 200, 200, 200, 200, 200),
    "POST /venues/": (401, 403, 403, 201, 201, 201),
    "GET /venues/{venue_id}/": (401, 200, 200, 200, 200, 200),
    "PUT /venues/{venue_id}/": (401, 403, 403, 200, 404, 200),
    "PATCH /venues/{venue_id}/": (401, 403, 403, 200, 404, 200),
    "DELETE /venues/{venue_id}/": (401, 403, 403, 204, 404, 204),
    "POST /venues/{venue_id}/generate-var-id/": (401, 403, 403, 200, 404, 200),
    "GET /venues/{venue_id}/qr/": (401, 403, 403, 200, 404, 200),
    "GET /venues/{venue_id}/qr.png/": (401, 403, 403, 200, 404, 200),
    "GET /venues/{venue_id}/qr.svg/": (401, 403, 403, 200, 404, 200),
    "GET /v/{var_id}/": (200, 200, 200, 200, 200, 200),
    "POST /venues/check-in/": (401, 200, 200, 403, 403, 403),
    "POST /venues/check-out/": (401, 200, 200, 403, 403, 403),
    "POST /venues/redeem-offer/": (401, 200, 403, 403, 403, 403),
    "POST /venues/delete-offer/": (401, 403, 403, 200, 404, 200),
    "GET /offers/": (401, 200, 200, 200, 200, 200),
    "POST /offers/": (401, 403, 403, 201, 400, 201),
    "GET /offers/{offer_id}/": (401, 200, 200, 200, 200, 200),
    "PUT /offers/{offer_id}/": (401, 403, 403, 200, 404, 200),
    "PATCH /offers/{offer_id}/": (401, 403, 403, 200, 404, 200),
    "DELETE /offers/{offer_id}/": (401, 403, 403, 204, 404, 204),
    "GET /offers/{offer_id}/eligibility/": (401, 200, 200, 403, 403, 403),
    "GET /icebreakers/": (200, 200, 200, 200, 200, 200),
    "GET /icebreakers/random/": (200, 200, 200, 200, 200, 200),
    "POST /private/create/": (401, 201, 400, 201, 201, 201),
    "GET /private/list/": (401, 200, 200, 200, 200, 200),
    "GET /private/{chat_id}/history/": (401, 200, 404, 404, 404, 404),
    "POST /private/{chat_id}/read/": (401, 200, 404, 404, 404, 404),
    "GET /group/{var_id}/history/": (401, 200, 403, 200, 403, 200),
    "POST /group/{venue_id}/mute/": (401, 403, 403, 200, 404, 200),
    "POST /group/{venue_id}/close/": (401, 403, 403, 200, 404, 200),
    "POST /group/{venue_id}/open/": (401, 403, 403, 200, 404, 200),
    "PATCH /messages/{message_id}/": (401, 200, 404, 404, 404, 404),
    "DELETE /messages/{message_id}/": (401, 204, 404, 404, 404, 404),
    "POST /messages/{message_id}/reactions/": (401, 200, 404, 404, 404, 404),
    "GET /overview/{venue_id}/": (401, 403, 403, 200, 404, 200),
    "GET /qr-analytics/{venue_id}/": (401, 403, 403, 200, 404, 200),
    "GET /superuser/dashboard/": (401, 403, 403, 403, 403, 200),
    "GET /superuser/overview/": (401, 403, 403, 403, 403, 200),
    "GET /superuser/analytics/": (401, 403, 403, 403, 403, 200),
    "GET /superuser/reports/": (401, 403, 403, 403, 403, 200),
    "GET /superuser/activity-log/": (401, 403, 403, 403, 403, 200),
    "GET /superuser/venues/": (401, 403, 403, 403, 403, 200),
    "POST /superuser/venues/": (401, 403, 403, 403, 403, 201),
    "POST /superuser/users/": (401, 403, 403, 403, 403, 201),
    "GET /superuser/plans/": (401, 403, 403, 403, 403, 200),
    "POST /superuser/plans/": (401, 403, 403, 403, 403, 201),
    "GET /superuser/plans/{plan_id}/": (401, 403, 403, 403, 403, 200),
    "PATCH /superuser/plans/{plan_id}/": (401, 403, 403, 403, 403, 200),
    "GET /superuser/subscriptions/": (401, 403, 403, 403, 403, 200),
    "POST /superuser/subscriptions/": (401, 403, 403, 403, 403, 201),
    "POST /superuser/subscriptions/{subscription_id}/cancel/": (401, 403, 403, 403, 403, 200),
    "GET /superuser/payments/": (401, 403, 403, 403, 403, 200),
    "POST /superuser/payments/": (401, 403, 403, 403, 403, 201),
    "POST /superuser/payments/{payment_id}/refund/": (401, 403, 403, 403, 403, 201),
    "GET /superuser/coupons/": (401, 403, 403, 403, 403, 200),
    "POST /superuser/coupons/": (401, 403, 403, 403, 403, 201),
}


@pytest.fixture
def opened(people) -> dict[str, str]:
    """What the customer's own session adds to the examples."""
    body = {"username": "c1", "password": "abcd@123", "venue": 3}
    refresh = people["nobody"].send("POST", "/login/customer/", body).json()["refresh"]
    session = people["customer"].get("/customer-tokens/").json()["session"]["id"]
    return {"refresh": refresh, "session_id": session}


def send(client: ApiClient, operation: Operation, opened: dict[str, str]) -> Any:
    example = operation.example
    if example and "refresh" in example:
        example = {"refresh": opened["refresh"]}
    return client.send(operation.method, operation.url.replace("{session_id}", opened["session_id"]), example)


def test_every_operation_has_a_row():
    assert set(ANSWERS) == {str(operation) for operation in OPERATIONS}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_everyone_is_answered_as_they_may_and_a_refusal_changes_nothing(operation, people, opened):
    effects = {who: effect_of(lambda who=who: send(people[who], operation, opened)) for who in CALLERS}

    assert tuple(effect.answer.status_code for effect in effects.values()) == ANSWERS[str(operation)]
    for effect in effects.values():
        assert effect.answer.status_code < 400 or effect.before == effect.after
