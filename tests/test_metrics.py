"""What /metrics says, and to whom."""

import pytest
from django.conf import settings
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from config.exposition import PREFIX
from conftest import open_pub_session
from core.job_runs import record_run
from core.models import Job
from notifications.services import queue_mail

TOKEN = "a-token-for-tests-0123456789-abcdefghijklmnop"


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = TOKEN


def read(client, **headers):
    """The samples by name, each with its labels, as Prometheus itself reads them."""
    answer = client.get("/metrics", **{"HTTP_AUTHORIZATION": f"Bearer {TOKEN}", **headers})
    assert answer.status_code == 200
    samples = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            samples[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return samples


def value(samples, name, **labels):
    return samples.get((PREFIX + name, tuple(sorted(labels.items()))), 0)


@pytest.mark.parametrize(
    ("who", "status"), [(None, 403), ("customer", 403), ("venue_owner", 403), ("support", 403), ("superuser", 200)]
)
def test_of_people_only_superusers_may_read(as_user, make_user, who, status):
    user = make_user("somebody", who) if who else None

    assert as_user(user).get("/metrics").status_code == status


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 403),
        (f"Bearer {TOKEN[:-1]}", 403),
        (f"Basic {TOKEN}", 403),
        (TOKEN, 403),
        ("Bearer ", 403),
        ("Bearer ünïcödé", 403),
        ("", 403),
    ],
)
def test_the_token_of_the_settings_opens_it(client, db, token, authorization, status):
    assert client.get("/metrics", HTTP_AUTHORIZATION=authorization).status_code == status


@pytest.mark.parametrize("authorization", ["Bearer ", "Bearer", ""])
def test_where_no_token_is_set_an_empty_one_opens_nothing(client, db, authorization):
    assert client.get("/metrics", HTTP_AUTHORIZATION=authorization).status_code == 403


def test_a_superusers_cookie_opens_nothing(client, superuser):
    client.cookies["access_token"] = open_pub_session(superuser).tokens.access

    response = client.get("/metrics")

    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


def test_a_superusers_token_dies_with_its_session(as_user, superuser):
    client = as_user(superuser)
    superuser.sessions.update(revoked_at="2026-01-01T00:00:00Z")

    assert client.get("/metrics").status_code == 403


def test_it_is_only_read_and_kept_nowhere(client, db, token):
    assert client.post("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").status_code == 405
    answer = client.get("/metrics/", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert (answer["Cache-Control"], answer["Content-Type"].split(";")[0]) == ("no-store", "text/plain")


def test_requests_are_counted_by_route_and_timed(client, db, token):
    counted = ("http_request_duration_seconds_count", "http_request_duration_seconds_bucket")
    labels = {"method": "GET", "route": "venues/<int:venue_id>/", "status": "401"}
    before = read(client)

    for venue_id in (77, 78):
        client.get(f"/venues/{venue_id}/?canary=1")

    after = read(client)
    assert value(after, counted[0], **labels) - value(before, counted[0], **labels) == 2
    assert value(after, counted[1], le="+Inf", **labels) - value(before, counted[1], le="+Inf", **labels) == 2
    assert value(after, counted[1], le="0.005", **labels) <= value(after, counted[1], le="10.0", **labels)


def test_what_clients_make_up_makes_no_labels(client, db, token):
    client.generic("CANARY", "/canary/")
    client.get("/canary/", HTTP_X_REQUEST_ID="canary-0123")

    samples = read(client)
    assert not [labels for _, labels in samples if "canary" in str(labels).lower()]
    labels = {"method": "OTHER", "route": "unmatched", "status": "404"}
    assert value(samples, "http_request_duration_seconds_count", **labels) >= 1


def test_mails_that_are_due_are_counted_with_the_age_of_the_oldest(client, db, token, time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    for _ in range(2):
        queue_mail(
            recipient="ann@example.com",
            subject="Hello",
            template="notifications/mail/one_time_password",
            context={"code": "000000", "valid_minutes": 5},
        )
    time_machine.move_to("2026-03-01T12:01:30Z", tick=False)

    samples = read(client)
    assert (value(samples, "outbox_due_mails"), value(samples, "outbox_oldest_due_seconds")) == (2, 90)


def test_jobs_are_told_by_name(client, db, token):
    record_run("core.note", seconds=0.5)
    record_run("core.note", seconds=1.5, error="ValueError")

    samples = read(client)
    assert value(samples, "job_runs_total", job="core.note", result="done") == 1
    assert value(samples, "job_runs_total", job="core.note", result="failed") == 1
    assert value(samples, "job_seconds_total", job="core.note") == 2
    assert value(samples, "job_last_run_seconds", job="core.note") == 1.5
    ended_at = Job.objects.get().ended_at
    assert value(samples, "job_last_end_timestamp_seconds", job="core.note") == pytest.approx(ended_at.timestamp())


@pytest.mark.parametrize("count", [1, 3])
def test_it_takes_two_queries(client, db, token, django_assert_num_queries, count):
    for number in range(count):
        record_run(f"core.job_{number}", seconds=1)

    with django_assert_num_queries(2):
        read(client)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_with_the_database_in_trouble_this_process_still_answers(client, token):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_job RENAME TO core_job_away")
    try:
        samples = read(client)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE core_job_away RENAME TO core_job")

    assert value(samples, "database_up") == 0
    for name in ("sockets_open", "socket_opening_duration_seconds_count", "socket_posting_duration_seconds_count"):
        assert (PREFIX + name, ()) in samples
    assert value(read(client), "database_up") == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no pool")
def test_the_pools_connections_are_counted(client, db, token):
    samples = read(client)

    assert value(samples, "database_pool_connections", state="used") >= 1
    assert value(samples, "database_pool_limit") == settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]


def test_it_says_what_runs(client, db, token):
    (labels,) = [dict(labels) for name, labels in read(client) if name == PREFIX + "build_info"]

    assert set(labels) == {"revision", "python", "django"}
