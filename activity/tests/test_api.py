from datetime import UTC, datetime

import pytest
import time_machine

from activity.services import Target, record_activity

LOG = "/superuser/activity-log/"
pytestmark = pytest.mark.django_db


def write(at: str, **fields):
    written = {"type": "tried", "actor_id": None, "summary": "Tried", **fields}
    with time_machine.travel(datetime.fromisoformat(at).replace(tzinfo=UTC), tick=False):
        return record_activity(**written)


@pytest.fixture
def client(superuser, as_user):
    """Signed in in 2020, so that what a test writes stands before it in the log."""
    with time_machine.travel("2020-01-01T00:00:00Z", tick=False):
        return as_user(superuser)


@time_machine.travel("2020-01-01T00:00:30Z", tick=False)
def test_an_entry_is_shown_with_who_did_it_and_to_what(client, superuser):
    entry = write("2020-01-02T10:00", actor_id=superuser.pk, target=Target("venue", 3), details={"fields": ["name"]})
    alone = write("2020-01-02T11:00")

    response = client.get(LOG, {"type": "tried"})

    assert response.json() == [
        {
            "id": alone.pk,
            "at": "2020-01-02T11:00:00Z",
            "actor": None,
            "type": "tried",
            "summary": "Tried",
            "target": {"type": "", "id": ""},
            "details": {},
        },
        {
            "id": entry.pk,
            "at": "2020-01-02T10:00:00Z",
            "actor": "root",
            "type": "tried",
            "summary": "Tried",
            "target": {"type": "venue", "id": "3"},
            "details": {"fields": ["name"]},
        },
    ]


@time_machine.travel("2020-01-01T00:00:30Z", tick=False)
@pytest.mark.parametrize(
    ("query", "summaries"),
    [
        ({}, ["late", "noon", "early", "Signed in on pub"]),
        ({"type": "tried"}, ["late", "noon", "early"]),
        ({"type": "unheard_of"}, []),
        ({"actor": "ANN"}, ["noon"]),
        ({"actor": "nobody"}, []),
        ({"from": "2020-03-02"}, ["late", "noon"]),
        ({"to": "2020-03-02", "type": "tried"}, ["noon", "early"]),
        ({"from": "2020-03-02", "to": "2020-03-02"}, ["noon"]),
        ({"from": "2020-03-02", "to": "2020-03-01"}, []),
        ({"from": "0001-01-01", "to": "9999-12-31"}, ["late", "noon", "early", "Signed in on pub"]),
        ({"type": "", "actor": ""}, ["late", "noon", "early", "Signed in on pub"]),
    ],
)
def test_the_log_is_narrowed_by_type_actor_and_days(query, summaries, client, customer):
    write("2020-03-01T23:59:59", summary="early")
    write("2020-03-02T12:00", summary="noon", actor_id=customer.pk)
    write("2020-03-03T00:00", summary="late")

    assert [entry["summary"] for entry in client.get(LOG, query).json()] == summaries


@time_machine.travel("2020-01-01T00:00:30Z", tick=False)
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2020-13-01"}, "from"),
        ({"to": "0"}, "to"),
        ({"type": "Tried!"}, "type"),
        ({"type": "x" * 41}, "type"),
        ({"actor": "x" * 151}, "actor"),
        ({"actor": "\0"}, "actor"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_what_cannot_be_asked_is_named(query, named, client):
    response = client.get(LOG, query)

    assert (response.status_code, list(response.json()["details"])) == (400, [named])


@time_machine.travel("2020-01-01T00:00:30Z", tick=False)
def test_pages_hold_every_entry_once_also_of_one_moment(client):
    written = [write("2020-03-02T12:00").pk for _ in range(5)]

    seen, url = [], f"{LOG}?type=tried&limit=2"
    while url:
        response = client.get(url)
        seen.append([entry["id"] for entry in response.json()])
        url = response.headers["Link"].split(";")[0].strip("<>") if "Link" in response.headers else None

    assert seen == [written[:2:-1], written[2:0:-1], written[:1]]


@time_machine.travel("2020-01-01T00:00:30Z", tick=False)
@pytest.mark.parametrize("count", [1, 3])
def test_the_log_takes_two_queries_however_long(count, client, make_user, django_assert_num_queries):
    for number in range(count):
        write("2020-03-02T12:00", actor_id=make_user(f"user{number}").pk)

    with django_assert_num_queries(2):
        response = client.get(LOG, {"type": "tried"})

    assert len(response.json()) == count


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_log_is_only_read(method, as_user, superuser):
    assert as_user(superuser).send(method, LOG, {}).status_code == 405
