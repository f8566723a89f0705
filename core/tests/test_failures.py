"""Every way a request can go wrong is spelled by the contract it went wrong in."""

import logging

import pytest
from django.db import OperationalError
from django.test import Client

from conftest import ApiClient
from core.surface.failure import Failure, WrongMethod, failure_of

DOMAIN = [
    ("invalid", 400, "The input is not valid.", {"firstCount": "Too small."}),
    ("bad_credentials", 401, "Invalid credentials.", {}),
    ("forbidden", 403, "You do not have permission to perform this action.", {}),
    ("not_found", 404, "Not found.", {}),
    ("gone", 410, "This is no longer available.", {}),
    ("too_many_requests", 429, "Too many requests.", {}),
    ("unavailable", 503, "This is not available at the moment.", {}),
]


@pytest.mark.parametrize(("code", "status", "text", "fields"), DOMAIN)
def test_domain_errors(api, code, status, text, fields):
    response = api.get(f"/throwaway/trouble/{code}/")

    assert response.status_code == status
    assert response.json() == {"ok": False, "problem": {"name": code, "text": text}, "fields": fields}


def test_details_reach_the_contract(api):
    response = api.get("/throwaway/trouble/conflict/")

    assert response.status_code == 409
    assert response.json()["problem"] == {
        "name": "conflict",
        "text": "This conflicts with what is stored.",
        "until": "tomorrow",
    }


def test_retry_after_is_a_header(api):
    assert api.get("/throwaway/trouble/too_many_requests/")["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("name", "status", "code"), [("http404", 404, "not_found"), ("permission_denied", 403, "forbidden")]
)
def test_djangos_own_exceptions(api, name, status, code):
    response = api.get(f"/trouble/{name}/")

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert b"canary" not in response.content


def post(api, body, content_type="application/json", path="/throwaway/counters/"):
    return api.generic("POST", path, body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"nope", b"[1,]", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": -1e999}', b'"\\ud800"',
     b'{"\\udfff": 1}', b"[" * 100_000, b"1" * 5000, b'{"a": "\\x"}', "\ufeff{}".encode()],
)  # fmt: skip
def test_bodies_that_are_no_json_are_400(api, body):
    response = post(api, body)

    assert response.status_code == 400
    assert response.json()["problem"]["name"] in {"parse_error", "invalid"}


@pytest.mark.parametrize("parameter", ["", "; charset=utf-8", '; charset="UTF-8"', "; charset=nobody-knows", "; a=b"])
def test_json_is_utf_8(api, parameter):
    response = post(api, '{"counterName": "café"}'.encode(), f"application/json{parameter}")

    assert response.status_code == 201
    assert response.json()["data"]["counterName"] == "café"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"]
)
def test_other_media_types_are_415(api, content_type):
    response = post(api, b"a=1", content_type)

    assert response.status_code == 415
    assert response.json()["problem"]["name"] == "unsupported_media_type"


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"])
@pytest.mark.parametrize("path", ["/throwaway/counters/", "/throwaway/counters"])
def test_other_methods_are_405_with_allow(api, method, path):
    response = api.generic(method, path)

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, POST"
    assert response.json()["problem"]["name"] == "method_not_allowed"


def test_a_wrong_method_says_which_are_right():
    failure = failure_of(WrongMethod("PUT", ["GET", "HEAD", "POST"]))

    assert failure == Failure(405, "method_not_allowed", 'Method "PUT" not allowed.', methods=("GET", "POST"))


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_spelled_by_the_contract_of_its_prefix(two_contracts, settings, debug, method):
    settings.DEBUG = debug
    client = Client(enforce_csrf_checks=True)

    theirs = client.generic(method, "/throwaway/no/such/")
    ours = client.generic(method, "/throwawayish")

    assert (theirs.status_code, theirs.json()["problem"]["name"]) == (404, "not_found")
    assert (ours.status_code, ours.json()["code"]) == (404, "not_found")


def test_the_prefix_itself_belongs_to_its_contract(api):
    assert api.get("/throwaway").json()["ok"] is False


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("host", ["evil.example", "a b", "testserver.evil.example", ""])
def test_a_foreign_host_is_400(api, settings, debug, host):
    settings.DEBUG = debug

    response = api.get("/throwaway/counters/", HTTP_HOST=host or "[")

    assert response.status_code == 400
    assert response.json()["problem"] == {"name": "bad_host", "text": "This host is not served here."}


def test_csrf_is_spelled_by_the_contract(two_contracts):
    client = Client(enforce_csrf_checks=True)

    theirs, ours = client.post("/throwaway/page/"), client.post("/page/")

    assert (theirs.status_code, theirs.json()["problem"]["name"]) == (403, "csrf_failed")
    assert (ours.status_code, ours.json()["code"]) == (403, "csrf_failed")


def test_a_body_too_large_is_413(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    response = post(api, b'{"counterName": "visits"}')

    assert (response.status_code, response.json()["problem"]["name"]) == (413, "too_large")


def test_fields_are_spelled_in_nested_errors(api):
    response = api.send(
        "POST",
        "/throwaway/counters/",
        {
            "firstCount": "many",
            "stepSize": 10**400,
            "mainLabel": {"shortText": "far too long for this"},
            "otherLabels": [{"shortText": "fine"}, {"shortText": 1}, "no label"],
            "freeForm": {"their_own_key": "too long"},
        },
    )

    assert response.status_code == 400
    assert response.json() == {
        "ok": False,
        "problem": {"name": "invalid", "text": "The input is not valid."},
        "fields": {
            "counterName": "This field is required.",
            "firstCount": "A valid integer is required.",
            "stepSize": "A valid number is required.",
            "mainLabel.shortText": "Ensure this field has no more than 10 characters.",
            "otherLabels.1.shortText": "Not a valid string.",
            "otherLabels.2": "Invalid data. Expected a dictionary, but got str.",
            "freeForm.their_own_key": "Ensure this field has no more than 5 characters.",
        },
    }


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null", b"true"])
def test_a_body_that_is_no_object_is_400(api, body):
    response = post(api, body)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["nonFieldErrors"]


def test_a_services_fields_are_spelled(api):
    api.send("POST", "/throwaway/counters/", {"counterName": "visits"})

    response = api.send("POST", "/throwaway/counters/", {"counterName": "visits"})

    assert response.status_code == 409
    assert response.json()["fields"] == {"counterName": "There is a counter of that name."}


@pytest.mark.parametrize("debug", [False, True])
def test_an_unforeseen_exception_is_logged_once_and_tells_nothing(api, settings, caplog, debug):
    settings.DEBUG = debug

    with caplog.at_level(logging.INFO):
        response = api.send("POST", "/throwaway/trouble/unforeseen/?email=ann@example.com", {"body": "canary"})

    assert response.status_code == 500
    assert response.json() == {
        "ok": False,
        "problem": {"name": "internal_error", "text": "Something went wrong on our side."},
        "fields": {},
    }
    logged = [record for record in caplog.records if record.exc_info]
    assert [record.getMessage() for record in logged] == ["unforeseen exception"]


def test_an_answer_that_cannot_be_rendered_is_spelled_too(api):
    response = api.get("/throwaway/echo/")

    assert (response.status_code, response.json()["problem"]["name"]) == (500, "internal_error")


def test_a_broken_page_outside_the_kit_is_spelled_too(api):
    response = api.get("/throwaway/broken/ann@example.com/")

    assert (response.status_code, response.json()["problem"]["name"]) == (500, "internal_error")


def test_a_bad_token_is_401(two_contracts):
    client = ApiClient(HTTP_AUTHORIZATION="Bearer nonsense")

    response = client.get("/throwaway/counters/visits/")

    assert response.status_code == 401
    assert response.json()["ok"] is False


def test_a_database_that_is_away_is_not_our_mistake(caplog):
    with caplog.at_level(logging.CRITICAL):
        failure = failure_of(OperationalError("could not connect to the server at canary"))

    assert failure == Failure(503, "unavailable", "This is not available at the moment.", retry_after=1)
