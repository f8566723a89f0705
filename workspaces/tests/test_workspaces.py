"""Making, showing, changing and deleting workspaces, as Pulseboard clients do."""

import pytest
import time_machine

from activity.models import ActivityEntry
from workspaces.models import Invitation, Member, Workspace

pytestmark = pytest.mark.django_db

PATH = "/api/workspaces/"


@time_machine.travel("2026-03-01T12:00:00Z", tick=False)
def test_the_document_s_workspace(as_user, boss):
    client = as_user(boss)

    made = client.send("POST", PATH, {"name": "Marketing Team", "description": "Marketing collaboration space"})

    workspace = Workspace.objects.get()
    assert (made.status_code, made.json()) == (201, {"status": "success", "workspace_id": workspace.pk})
    shown = {
        "id": workspace.pk,
        "name": "Marketing Team",
        "description": "Marketing collaboration space",
        "created_by": "bo@example.com",
        "created_at": "2026-03-01T12:00:00Z",
    }
    assert client.get(PATH).json() == {"status": "success", "data": [shown]}
    assert client.get(f"{PATH}{workspace.pk}").json() == {"status": "success", "data": shown}
    assert list(Member.objects.values_list("user", "role")) == [(boss.pk, "owner")]


def test_a_description_may_be_left_out(as_user, boss):
    assert as_user(boss).send("POST", PATH, {"name": "Short"}).status_code == 201
    assert Workspace.objects.get().description == ""


def test_what_is_given_is_changed(as_user, workspace, boss):
    response = as_user(boss).send("PATCH", f"{PATH}{workspace.pk}/", {"description": "All of us"})

    assert (response.status_code, response.json()["data"]["description"]) == (200, "All of us")
    assert response.json()["data"]["name"] == "Engineering Team"
    assert as_user(boss).send("PATCH", f"{PATH}{workspace.pk}/", {}).json() == response.json()


def test_a_deleted_workspace_is_there_for_nobody_and_forgets_whom_it_asked(
    as_user, workspace, boss, mate, make_channel, invite
):
    channel = make_channel()
    invite()

    response = as_user(boss).send("DELETE", f"{PATH}{workspace.pk}/")

    assert (response.status_code, response.content) == (204, b"")
    for user in (boss, mate):
        client = as_user(user)
        assert client.get(PATH).json() == {"status": "success", "data": []}
        gone = [
            client.get(f"{PATH}{workspace.pk}/"),
            client.get(f"{PATH}{workspace.pk}/members/"),
            client.get(f"/api/channels/?workspace_id={workspace.pk}"),
            client.send("POST", "/api/channels/", {"workspace_id": workspace.pk, "name": "new"}),
            client.get(f"/api/channels/{channel.pk}/"),
            client.send("DELETE", f"{PATH}{workspace.pk}/"),
        ]
        assert {answer.status_code for answer in gone} == {404}
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_as_many_queries_for_many(
    as_user, boss, make_user, make_workspace, join, django_assert_num_queries, count
):
    for number in range(count):
        workspace = make_workspace(f"Team {number}", owner=make_user(f"owner-{number}"))
        join(boss, workspace)
    client = as_user(boss)

    with django_assert_num_queries(2):
        response = client.get(PATH)

    assert len(response.json()["data"]) == count


def test_pages_hold_every_workspace_once(as_user, boss, make_workspace):
    for number in range(3):
        make_workspace(f"Team {number}")
    client = as_user(boss)

    first = client.get(f"{PATH}?limit=2")
    second = client.get(first["Link"].split(";")[0].strip("<>"))

    names = [[row["name"] for row in page.json()["data"]] for page in (first, second)]
    assert names == [["Team 0", "Team 1"], ["Team 2"]]
    assert "Link" not in second


def test_what_becomes_of_a_workspace_is_written_down_without_names(as_user, boss, known):
    client = as_user(boss)
    workspace_id = client.send("POST", PATH, {"name": "Secret"}).json()["workspace_id"]
    client.send("POST", f"{PATH}{workspace_id}/members/", {"email": known.email})
    client.send("PATCH", f"{PATH}{workspace_id}/members/{known.pk}/", {"role": "admin"})
    client.send("DELETE", f"{PATH}{workspace_id}/")

    rows = ActivityEntry.objects.filter(target_type="workspace", target_id=str(workspace_id)).order_by("id")
    assert list(rows.values_list("type", "actor", "summary", "details")) == [
        ("workspace_created", boss.pk, "Created a workspace", {}),
        (
            "workspace_role_changed",
            boss.pk,
            "Changed what somebody is in a workspace from member to admin",
            {"user": known.pk},
        ),
        ("workspace_deleted", boss.pk, "Deleted a workspace", {}),
    ]
