"""Liveness asks nobody; readiness names what is missing."""

import time

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from conftest import open_pub_session

NOBODY_THERE = "redis://127.0.0.1:1/0"


def test_alive(client):
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready(client, db):
    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "checks": {"database": True, "channel_layer": True}},
    )


@pytest.mark.parametrize("path", ["/healthz", "/healthz/", "/readyz", "/metrics"])
def test_machines_may_ask_by_address_and_without_tls(client, superuser, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    bearer = f"Bearer {open_pub_session(superuser).tokens.access}"

    assert client.get(path, HTTP_HOST="10.9.8.7:8000", HTTP_AUTHORIZATION=bearer).status_code == 200


@pytest.mark.parametrize("path", ["/icebreakers/", "/healthz/x", "/healthz//"])
def test_everybody_else_must_know_the_name(client, db, path):
    response = client.get(path, HTTP_HOST="10.9.8.7:8000")

    assert (response.status_code, response.json()["code"]) == (400, "bad_host")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_not_ready_while_a_migration_is_missing(client):
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("venues", "0001_venues")
    try:
        response = client.get("/readyz")
    finally:
        recorder.record_applied("venues", "0001_venues")

    assert (response.status_code, response.json()) == (
        503,
        {"status": "unavailable", "checks": {"database": False, "channel_layer": True}},
    )


def test_not_ready_while_redis_is_away(client, db, settings):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [NOBODY_THERE]},
        }
    }
    started = time.monotonic()

    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (
        503,
        {"status": "unavailable", "checks": {"database": True, "channel_layer": False}},
    )
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("path", ["/healthz", "/icebreakers/?level=x", "/nowhere/", "/admin/login/"])
def test_every_answer_carries_the_headers_that_protect_a_browser(client, db, path):
    response = client.get(path)

    assert {name: response[name] for name in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")} == {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
    }
    assert "Strict-Transport-Security" not in response
