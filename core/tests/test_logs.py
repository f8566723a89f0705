"""Log lines, as the console handler writes them."""

import io
import json
import logging
import logging.config

import pytest
from django.conf import settings

from core.logs import DiscreetFormatter, JsonFormatter


@pytest.fixture
def console(monkeypatch):
    """What the server's own handler writes during the test."""
    written = io.StringIO()
    handler = next(h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler)
    monkeypatch.setattr(handler, "stream", written)
    return written


def lines_of(console):
    return [json.loads(line) for line in console.getvalue().splitlines()]


def test_a_request_is_one_line_with_its_facts(api, console):
    response = api.get("/counters/?limit=3", HTTP_X_REQUEST_ID="client.id-0123456789")

    (line,) = lines_of(console)
    assert response["X-Request-ID"] == "client.id-0123456789"
    assert line["time"].endswith("+00:00")
    assert line["message"] == f"GET counters/ 200 {line['duration_ms']} ms"
    assert {name: line[name] for name in line.keys() - {"time", "message", "duration_ms"}} == {
        "level": "INFO",
        "logger": "access",
        "request_id": "client.id-0123456789",
        "method": "GET",
        "route": "counters/",
        "status": 200,
        "surface": "bare",
    }


@pytest.mark.parametrize(
    ("path", "route", "surface"),
    [
        ("/throwaway/counters/", "throwaway/counters/", "camel"),
        ("/throwaway/nowhere/", "unmatched", "camel"),
        ("/nowhere/", "unmatched", "bare"),
    ],
)
def test_a_line_says_which_surface_was_spoken_to(api, console, path, route, surface):
    api.get(path)

    (line,) = lines_of(console)
    assert (line["route"], line["surface"]) == (route, surface)


@pytest.mark.parametrize(
    ("path", "route", "surface"), [("/admin/", "admin/", "admin"), ("/healthz", "^healthz/?$", "house")]
)
def test_what_belongs_to_no_contract_is_the_admins_or_the_houses(client, db, console, path, route, surface):
    client.get(path)

    (line,) = lines_of(console)
    assert (line["route"], line["surface"]) == (route, surface)


def test_a_method_that_is_none_is_not_repeated(api, console):
    api.generic("CANARY", "/counters/")

    assert [line["method"] for line in lines_of(console)] == ["OTHER"]
    assert "CANARY" not in console.getvalue()


@pytest.mark.parametrize(
    "offered", ["", "short", "x" * 65, "new\tline-12345", "ünïcödé-12345", "<script>alert</script>"]
)
def test_a_request_id_that_is_not_sane_is_replaced(api, console, offered):
    response = api.get("/counters/", HTTP_X_REQUEST_ID=offered)

    assert len(response["X-Request-ID"]) == 32
    assert [line["request_id"] for line in lines_of(console)] == [response["X-Request-ID"]]


@pytest.mark.parametrize("path", ["/nowhere/", "/trouble/gone/", "/trouble/unforeseen/"])
def test_failures_carry_a_request_id_too(api, path):
    assert len(api.get(path)["X-Request-ID"]) == 32


def test_a_foreign_host_gets_a_request_id_too(api):
    assert len(api.get("/counters/", HTTP_HOST="evil.example")["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/throwaway/trouble/unforeseen/?email=ann@example.com", "unforeseen exception"),
        ("/throwaway/broken/ann@example.com/", "exception outside any view"),
        ("/throwaway/echo/?token=canary", "exception outside any view"),
    ],
)
def test_an_unforeseen_exception_is_one_traceback_without_anybodys_data(api, console, path, line):
    response = api.get(path, HTTP_X_REQUEST_ID="the-request-id")

    written = console.getvalue()
    error, access = lines_of(console)
    assert response.status_code == 500
    assert (error["level"], error["message"], error["request_id"]) == ("ERROR", line, "the-request-id")
    assert error["exception"].splitlines()[-1].endswith("Error")
    assert any(file in error["exception"] for file in ("views.py", "urls.py", "renderers.py"))
    assert (access["logger"], access["status"]) == ("access", 500)
    assert "canary" not in written
    assert "example.com" not in written


def test_refusals_are_not_logged_as_errors(api, console):
    api.get("/counters/ann@example.com/?token=canary")

    assert "GET counters/<str:counter_name>/ 401" in console.getvalue()
    assert "ann@example.com" not in console.getvalue()
    assert "ERROR" not in console.getvalue()


def test_causes_are_shown_without_their_messages():
    record = logging.LogRecord("name", logging.ERROR, __file__, 1, "it failed", (), None)
    try:
        try:
            int("canary")
        except ValueError as cause:
            raise LookupError("canary") from cause
    except LookupError as failure:
        record.exc_info = (LookupError, failure, failure.__traceback__)

    written = DiscreetFormatter("%(message)s").format(record)

    assert written.startswith("it failed\n")
    assert written.index("ValueError") < written.index("LookupError")
    assert "canary" not in written.replace('int("canary")', "").replace('LookupError("canary")', "")


def test_extras_of_others_are_not_written():
    record = logging.LogRecord("name", logging.INFO, __file__, 1, "a\nb \udcff %s", ("c",), None)
    record.request = "canary"
    record.facts = {"route": "counters/"}

    written = JsonFormatter().format(record)

    assert "\n" not in written
    assert json.loads(written) == {
        "time": json.loads(written)["time"],
        "level": "INFO",
        "logger": "name",
        "message": "a\nb \udcff c",
        "request_id": "-",
        "route": "counters/",
    }


def test_production_logs_in_json():
    assert settings.LOGGING["formatters"]["line"]["class"] == "core.logs.JsonFormatter"
