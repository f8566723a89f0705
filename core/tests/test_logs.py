"""Log lines, as the console handler writes them."""

import io
import logging
import logging.config

import pytest
from django.conf import settings

from core.logs import DiscreetFormatter


@pytest.fixture
def console(monkeypatch):
    """What the server's own handler writes during the test."""
    written = io.StringIO()
    handler = next(h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler)
    monkeypatch.setattr(handler, "stream", written)
    return written


def test_the_clients_request_id_is_echoed_and_logged(api, console):
    response = api.get("/counters/", HTTP_X_REQUEST_ID="client.id-0123456789")

    assert response["X-Request-ID"] == "client.id-0123456789"
    assert "access [client.id-0123456789] GET counters/ 200" in console.getvalue()


@pytest.mark.parametrize(
    "offered", ["", "short", "x" * 65, "new\tline-12345", "ünïcödé-12345", "<script>alert</script>"]
)
def test_a_request_id_that_is_not_sane_is_replaced(api, console, offered):
    response = api.get("/counters/", HTTP_X_REQUEST_ID=offered)

    assert len(response["X-Request-ID"]) == 32
    assert f"[{response['X-Request-ID']}]" in console.getvalue()


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
    assert response.status_code == 500
    assert written.count("Traceback") + written.count(line) == 1
    assert f"[the-request-id] {line}" in written
    assert "Error" in written.splitlines()[-2]
    assert "views.py" in written or "urls.py" in written or "renderers.py" in written
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


def test_production_logs_by_the_discreet_formatter():
    assert settings.LOGGING["formatters"]["line"]["class"] == "core.logs.DiscreetFormatter"
