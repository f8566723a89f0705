"""What no field may be: refused with the field named, and nothing is stored."""

import pytest

from notifications.models import OutboxMail
from workspaces.models import Channel, ChannelMember, Invitation, Member, Workspace

pytestmark = pytest.mark.django_db

HUGE = 10**400
NOT_TEXT = (None, 1, True, [], {}, "nul\0byte")
NOT_IDS = (None, "1", 1.5, True, [], {}, 0, -1, 2**63, HUGE)
NOT_FLAGS = (None, "true", "1", 2, -1, 0.5, [], {}, HUGE)
NAME = (*NOT_TEXT, "", "   ")
ONE = "/api/workspaces/{workspace}/"
# method, path, a body that serves, and for each field what it may not be.
TABLE = [
    ("POST", "/api/workspaces/", {"name": "New"}, {"name": (*NAME, "x" * 101), "description": (*NOT_TEXT, "x" * 1001)}),
    ("PATCH", ONE, {}, {"name": (*NAME, "x" * 101), "description": (*NOT_TEXT, "x" * 1001)}),
    (
        "POST",
        ONE + "members/",
        {"email": "new@example.com"},
        {
            "email": (*NOT_TEXT, "", "nobody", "a@b", "x" * 250 + "@example.com"),
            "role": (None, "", "owner", "Admin", 1, True, [], {}),
        },
    ),
    ("PATCH", ONE + "members/{mate}/", {"role": "admin"}, {"role": (None, "", "guest", "OWNER", 1, True, [], {})}),
    (
        "POST",
        "/api/channels/",
        {"workspace_id": "{workspace}", "name": "new"},
        {"workspace_id": NOT_IDS, "name": (*NAME, "x" * 81), "is_private": NOT_FLAGS},
    ),
    ("PATCH", "/api/channels/{private}/", {}, {"name": (*NAME, "x" * 81), "is_private": NOT_FLAGS}),
    ("POST", "/api/channels/{private}/members/", {"user_id": "{mate}"}, {"user_id": NOT_IDS}),
    ("DELETE", "/api/channels/{private}/members/", {"user_id": "{boss}"}, {"user_id": NOT_IDS}),
]
CASES = [
    (method, path, body, field, value)
    for method, path, body, fields in TABLE
    for field, values in fields.items()
    for value in values
]
MISSING = [
    ("POST", "/api/workspaces/", {"name"}),
    ("POST", ONE + "members/", {"email"}),
    ("PATCH", ONE + "members/{mate}/", {"role"}),
    ("GET", "/api/channels/", {"workspace_id"}),
    ("POST", "/api/channels/", {"workspace_id", "name"}),
    ("POST", "/api/channels/{private}/members/", {"user_id"}),
    ("DELETE", "/api/channels/{private}/members/", {"user_id"}),
]


@pytest.fixture
def ids(workspace, boss, mate, make_channel):
    return {
        "workspace": workspace.pk,
        "boss": boss.pk,
        "mate": mate.pk,
        "private": make_channel("leads", boss).pk,
    }


def everything():
    models = (Workspace, Member, Invitation, Channel, ChannelMember, OutboxMail)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize(("method", "path", "body", "field", "value"), CASES)
def test_a_wrong_field_is_named(as_user, boss, ids, method, path, body, field, value):
    serving = {name: ids.get(str(given).strip("{}"), given) for name, given in body.items()}
    client, before = as_user(boss), everything()

    response = client.send(method, path.format(**ids), {**serving, field: value})

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert set(response.json()["errors"]) == {field}
    assert everything() == before


@pytest.mark.parametrize("unknown", [2**31, 2**63 - 1])
def test_an_id_that_nothing_has_is_not_a_wrong_one(as_user, boss, ids, unknown):
    client, before = as_user(boss), everything()
    members = f"/api/channels/{ids['private']}/members/"

    refused = [
        client.send(method, path, body).json()["code"]
        for method, path, body in (
            ("POST", "/api/channels/", {"workspace_id": unknown, "name": "new"}),
            ("POST", members, {"user_id": unknown}),
            ("DELETE", members, {"user_id": unknown}),
        )
    ]

    assert refused == ["not_found", "member_unknown", "not_found"]
    assert everything() == before


@pytest.mark.parametrize(("method", "path", "missing"), MISSING)
def test_a_missing_field_is_named(as_user, boss, ids, method, path, missing):
    client, before = as_user(boss), everything()

    response = client.send(method, path.format(**ids), None if method == "GET" else {})

    assert (response.status_code, set(response.json()["errors"])) == (400, missing)
    assert everything() == before


@pytest.mark.parametrize("value", ["", "x", "1.5", "0", "-1", str(2**63), "1" + "0" * 400, "%00"])
def test_no_workspace_in_the_query_is_too_strange(as_user, boss, value):
    response = as_user(boss).get(f"/api/channels/?workspace_id={value}")

    assert (response.status_code, set(response.json()["errors"])) == (400, {"workspace_id"})


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "cursor=x", "cursor=%00"])
@pytest.mark.parametrize("path", ["/api/workspaces/?", "/api/channels/?workspace_id={workspace}&", ONE + "members/?"])
def test_a_page_that_cannot_be_is_refused(as_user, boss, ids, path, query):
    response = as_user(boss).get(path.format(**ids) + query)

    assert (response.status_code, set(response.json()["errors"])) == (400, {query.partition("=")[0]})


@pytest.mark.parametrize("body", ["", "{", "[]", "1", "null", '"x"', '{"name": NaN}', '{"name": "\\ud800"}', "\0", "é"])
@pytest.mark.parametrize("path", ["/api/workspaces/", "/api/channels/", ONE + "members/"])
def test_a_body_that_is_no_object_is_refused(as_user, boss, ids, path, body):
    client, before = as_user(boss), everything()

    response = client.post(path.format(**ids), data=body.encode("latin-1"), content_type="application/json")

    assert response.status_code == 400
    assert everything() == before


def test_what_the_server_decides_is_not_taken_from_a_body(as_user, workspace, boss, mate):
    made = {"name": "New", "id": 999, "created_by": mate.pk, "created_by_id": mate.pk, "deleted_at": "2026-01-01"}
    channel = {**made, "workspace_id": workspace.pk}

    as_user(boss).send("POST", "/api/workspaces/", made)
    as_user(boss).send("POST", "/api/channels/", channel)

    for row in (Workspace.objects.get(name="New"), Channel.objects.get()):
        assert (row.created_by, row.deleted_at, row.pk == 999) == (boss, None, False)
