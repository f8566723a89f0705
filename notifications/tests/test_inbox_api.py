"""`/api/notifications/`, its `read/` and its `preferences/`."""

import pytest

from notifications.models import Notification, Preference
from notifications.services import notify
from notifications.services.inbox import mark_read
from notifications.tests.conftest import mention, mentions

INBOX = "/api/notifications/"
READ = "/api/notifications/read/"
PREFERENCES = "/api/notifications/preferences/"
pytestmark = pytest.mark.usefixtures("db", "two_kinds")


def time_of(moment) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_the_latest_are_listed_first_with_how_many_are_unread(as_user, customer, bob, stranger) -> None:
    first, latest = mentions(customer, bob, count=2, details={"channel_id": 1})
    mark_read(by=customer, ids=[first.pk])
    first.refresh_from_db()
    mentions(stranger, bob, count=1)
    notify([mention(customer, kind="digest", dedupe_key="digest")])

    response = as_user(customer).send("GET", INBOX)

    assert response.status_code == 200
    assert response.json() == {
        "status": "success",
        "data": [
            {
                "id": latest.pk,
                "kind": "mention",
                "message": "Bob mentioned you in #general",
                "details": {"channel_id": 1},
                "created_at": time_of(latest.created_at),
                "read_at": None,
            },
            {
                "id": first.pk,
                "kind": "mention",
                "message": "Bob mentioned you in #general",
                "details": {"channel_id": 1},
                "created_at": time_of(first.created_at),
                "read_at": time_of(first.read_at),
            },
        ],
        "unread_count": 1,
    }


def test_nothing_was_told_yet(as_user, customer) -> None:
    assert as_user(customer).send("GET", INBOX).json() == {"status": "success", "data": [], "unread_count": 0}


def test_pages_follow_one_another(as_user, customer) -> None:
    told = mentions(customer, count=5)
    client, url, shown = as_user(customer), f"{INBOX}?limit=2", []

    while url:
        page = client.send("GET", url)
        shown += [one["id"] for one in page.json()["data"]]
        assert page.json()["unread_count"] == 5
        url = page.headers["Link"].partition(">")[0][1:] if "Link" in page.headers else ""

    assert shown == [one.pk for one in reversed(told)]


def test_only_what_is_unread_is_listed_where_that_is_asked_for(as_user, customer) -> None:
    first, second = mentions(customer, count=2)
    mark_read(by=customer, ids=[second.pk])

    body = as_user(customer).send("GET", f"{INBOX}?unread=true").json()

    assert ([one["id"] for one in body["data"]], body["unread_count"]) == ([first.pk], 1)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("query", ["", "?unread=true"])
def test_listing_takes_three_queries(as_user, make_user, customer, count, query, django_assert_num_queries) -> None:
    for number in range(count):
        notify([mention(customer, make_user(f"actor-{number}"), dedupe_key=str(number))])
    client = as_user(customer)

    with django_assert_num_queries(3):
        body = client.send("GET", INBOX + query).json()

    assert len(body["data"]) == count


def test_some_are_read(as_user, customer) -> None:
    first, second, third = mentions(customer, count=3)
    client = as_user(customer)

    response = client.send("POST", READ, {"ids": [first.pk, second.pk, second.pk]})
    again = client.send("POST", READ, {"ids": [first.pk]})

    assert (response.status_code, response.json()) == (200, {"status": "success", "updated": 2, "unread_count": 1})
    assert again.json() == {"status": "success", "updated": 0, "unread_count": 1}
    assert list(Notification.objects.filter(read_at=None)) == [third]
    assert Notification.objects.get(pk=first.pk).email_due_at is None


def test_all_are_read_at_once(as_user, customer, stranger, monkeypatch) -> None:
    monkeypatch.setattr("notifications.services.inbox.READ_AT_ONCE", 2)
    mentions(customer, count=5)
    (others,) = mentions(stranger, count=1)

    response = as_user(customer).send("POST", READ, {})

    assert response.json() == {"status": "success", "updated": 5, "unread_count": 0}
    assert list(Notification.objects.filter(read_at=None)) == [others]


def test_none_are_read_where_none_are_named(as_user, customer) -> None:
    mentions(customer, count=1)

    assert as_user(customer).send("POST", READ, {"ids": []}).json()["updated"] == 0


def test_what_is_another_ones_to_read_stays_unread(as_user, customer, stranger) -> None:
    (others,) = mentions(stranger, count=1)

    response = as_user(customer).send("POST", READ, {"ids": [others.pk, 2**63 - 1]})

    assert (response.status_code, response.json()["updated"]) == (200, 0)
    assert Notification.objects.get().read_at is None


def test_preferences_are_what_is_usual_until_they_are_changed(as_user, customer) -> None:
    client = as_user(customer)
    usual = [
        {"kind": "digest", "title": "Digests", "in_app": False, "email": True},
        {"kind": "mention", "title": "Mentions", "in_app": True, "email": True},
    ]

    before = client.send("GET", PREFERENCES)
    client.send("PATCH", PREFERENCES, {"kind": "digest", "channel": "in_app", "enabled": False})
    client.send("PATCH", PREFERENCES, {"kind": "digest", "channel": "in_app", "enabled": True})
    after = client.send("PATCH", PREFERENCES, {"kind": "mention", "channel": "email", "enabled": False})

    assert (before.status_code, before.json()) == (200, {"status": "success", "data": usual})
    assert after.status_code == 200
    assert after.json() == {
        "status": "success",
        "data": [{**usual[0], "in_app": True}, {**usual[1], "email": False}],
    }
    assert Preference.objects.filter(user=customer).count() == 2


def test_preferences_are_ones_own(as_user, customer, stranger) -> None:
    as_user(stranger).send("PATCH", PREFERENCES, {"kind": "mention", "channel": "email", "enabled": False})

    shown = as_user(customer).send("GET", PREFERENCES).json()["data"]

    assert [preferred["email"] for preferred in shown] == [True, True]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", f"{INBOX}?unread=perhaps", None, "unread"),
        ("GET", f"{INBOX}?limit=0", None, "limit"),
        ("GET", f"{INBOX}?cursor=x", None, "cursor"),
        ("POST", READ, {"ids": None}, "ids"),
        ("POST", READ, {"ids": 1}, "ids"),
        ("POST", READ, {"ids": ["1"]}, "ids.0"),
        ("POST", READ, {"ids": [1, 0]}, "ids.1"),
        ("POST", READ, {"ids": [2**63]}, "ids.0"),
        ("POST", READ, {"ids": [True]}, "ids.0"),
        ("POST", READ, {"ids": list(range(1, 502))}, "ids"),
        ("PATCH", PREFERENCES, {"channel": "email", "enabled": True}, "kind"),
        ("PATCH", PREFERENCES, {"kind": "unheard", "channel": "email", "enabled": True}, "kind"),
        ("PATCH", PREFERENCES, {"kind": "a\0b", "channel": "email", "enabled": True}, "kind"),
        ("PATCH", PREFERENCES, {"kind": "x" * 41, "channel": "email", "enabled": True}, "kind"),
        ("PATCH", PREFERENCES, {"kind": 1, "channel": "email", "enabled": True}, "kind"),
        ("PATCH", PREFERENCES, {"kind": "mention", "channel": "pigeon", "enabled": True}, "channel"),
        ("PATCH", PREFERENCES, {"kind": "mention", "channel": None, "enabled": True}, "channel"),
        ("PATCH", PREFERENCES, {"kind": "mention", "channel": "email"}, "enabled"),
        ("PATCH", PREFERENCES, {"kind": "mention", "channel": "email", "enabled": "yes"}, "enabled"),
    ],
)
def test_bad_input_is_told_by_its_field(as_user, customer, method, path, body, field) -> None:
    mentions(customer, count=1)

    response = as_user(customer).send(method, path, body)

    assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    assert Notification.objects.filter(read_at=None).count() == 1
    assert not Preference.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("DELETE", INBOX, "GET method required"),
        ("GET", READ, "POST method required"),
        ("POST", PREFERENCES, "GET or PATCH method required"),
    ],
)
def test_other_methods_are_told_which_would_be_right(as_user, customer, method, path, told) -> None:
    response = as_user(customer).send(method, path)

    assert (response.status_code, response.json()["message"]) == (405, told)


@pytest.mark.parametrize(("method", "path"), [("GET", INBOX), ("POST", READ), ("GET", PREFERENCES)])
def test_nobody_has_no_inbox(as_user, method, path) -> None:
    response = as_user(None).send(method, path, {} if method == "POST" else None)

    assert (response.status_code, response.json()["message"]) == (401, "Invalid or expired token")
