"""Making and changing channels, and who is in the private ones; as Pulseboard clients do it."""

import pytest
import time_machine
from django.utils import timezone

from workspaces.models import Channel, ChannelMember

pytestmark = pytest.mark.django_db

PATH = "/api/channels/"


@pytest.fixture
def listed(workspace):
    return lambda client: [row["name"] for row in client.get(f"{PATH}?workspace_id={workspace.pk}").json()["data"]]


@time_machine.travel("2026-03-01T12:00:00Z", tick=False)
def test_the_document_s_channel(as_user, workspace, mate):
    client = as_user(mate)

    made = client.send("POST", PATH, {"workspace_id": workspace.pk, "name": "random", "is_private": False})

    channel = Channel.objects.get()
    assert (made.status_code, made.json()) == (201, {"status": "success", "channel_id": channel.pk})
    shown = {
        "id": channel.pk,
        "workspace_id": workspace.pk,
        "name": "random",
        "is_private": 0,
        "created_at": "2026-03-01T12:00:00Z",
    }
    assert client.get(f"{PATH}?workspace_id={workspace.pk}").json() == {"status": "success", "data": [shown]}
    assert client.get(f"{PATH}{channel.pk}").json() == {"status": "success", "data": shown}
    assert not ChannelMember.objects.exists()


@pytest.mark.parametrize("is_private", [True, 1])
def test_a_private_channel_is_seen_by_who_made_it_alone(as_user, workspace, mate, boss, listed, is_private):
    made = as_user(mate).send("POST", PATH, {"workspace_id": workspace.pk, "name": "Ours", "is_private": is_private})

    shown = as_user(mate).get(f"{PATH}{made.json()['channel_id']}/").json()["data"]
    assert shown["is_private"] == 1
    assert (listed(as_user(mate)), listed(as_user(boss))) == (["Ours"], [])


def test_a_name_is_taken_once_without_regard_to_case_even_by_one_that_is_not_seen(
    as_user, workspace, boss, mate, make_channel
):
    make_channel("Leads", boss)

    refused = as_user(mate).send("POST", PATH, {"workspace_id": workspace.pk, "name": "leads"})

    told = {"status": "error", "message": "The workspace has a channel of this name.", "code": "channel_name_taken"}
    assert (refused.status_code, refused.json()) == (409, told)
    assert Channel.objects.count() == 1


def test_the_name_of_a_deleted_one_and_of_another_workspace_s_is_free(
    as_user, workspace, make_workspace, boss, make_channel
):
    make_channel("old", deleted_at=timezone.now())
    make_channel("other", workspace=make_workspace("Other"))

    answers = [
        as_user(boss).send("POST", PATH, {"workspace_id": workspace.pk, "name": name}).status_code
        for name in ("old", "other")
    ]

    assert answers == [201, 201]


def test_a_channel_is_renamed_but_not_to_a_taken_name(as_user, boss, make_channel):
    channel, _ = make_channel("general"), make_channel("random")
    client = as_user(boss)

    renamed = client.send("PATCH", f"{PATH}{channel.pk}/", {"name": "General"})
    refused = client.send("PATCH", f"{PATH}{channel.pk}/", {"name": "RANDOM"})

    assert (renamed.status_code, renamed.json()["data"]["name"]) == (200, "General")
    assert (refused.status_code, refused.json()["code"]) == (409, "channel_name_taken")


def test_one_that_becomes_private_keeps_who_runs_it_and_one_that_becomes_public_everybody(
    as_user, boss, mate, aide, make_channel, listed
):
    channel = make_channel("mates", created_by=mate)
    client = as_user(aide)

    closed = client.send("PATCH", f"{PATH}{channel.pk}/", {"is_private": True})

    assert closed.json()["data"]["is_private"] == 1
    assert [listed(as_user(user)) for user in (mate, aide, boss)] == [["mates"], ["mates"], []]
    opened = client.send("PATCH", f"{PATH}{channel.pk}/", {"is_private": 0})
    assert opened.json()["data"]["is_private"] == 0
    assert listed(as_user(boss)) == ["mates"]
    assert not ChannelMember.objects.exists()


def test_who_made_it_and_left_the_workspace_is_not_kept(as_user, boss, make_channel, make_user):
    channel = make_channel("gone", created_by=make_user("gone"))

    as_user(boss).send("PATCH", f"{PATH}{channel.pk}/", {"is_private": True})

    assert list(ChannelMember.objects.values_list("user", flat=True)) == [boss.pk]


def test_a_private_channel_s_people_come_and_go(as_user, boss, mate, aide, make_channel, listed):
    channel = make_channel("leads", boss)
    members = f"{PATH}{channel.pk}/members/"
    client = as_user(boss)

    let_in = client.send("POST", members, {"user_id": mate.pk})

    assert (let_in.status_code, let_in.json()["data"]["username"]) == (201, "mia")
    assert listed(as_user(mate)) == ["leads"]
    assert [row["username"] for row in as_user(mate).get(members).json()["data"]] == ["bo", "mia"]
    again = client.send("POST", members, {"user_id": mate.pk})
    assert (again.status_code, again.json()["code"]) == (409, "already_in_channel")
    assert client.send("DELETE", members, {"user_id": mate.pk}).status_code == 204
    assert client.send("DELETE", members, {"user_id": mate.pk}).status_code == 404
    assert listed(as_user(mate)) == []


def test_only_people_of_the_workspace_are_let_in(as_user, boss, stranger, make_channel):
    channel = make_channel("leads", boss)

    refused = as_user(boss).send("POST", f"{PATH}{channel.pk}/members/", {"user_id": stranger.pk})

    assert (refused.status_code, refused.json()) == (
        400,
        {
            "status": "error",
            "message": "Nobody in the workspace has this id.",
            "code": "member_unknown",
            "errors": {"user_id": ["Nobody in the workspace has this id."]},
        },
    )


def test_a_private_channel_ends_with_its_last_member(as_user, workspace, boss, make_channel):
    channel = make_channel("leads", boss)

    left = as_user(boss).send("DELETE", f"{PATH}{channel.pk}/members/", {"user_id": boss.pk})

    assert left.status_code == 204
    assert Channel.objects.get().deleted_at is not None
    assert as_user(boss).send("POST", PATH, {"workspace_id": workspace.pk, "name": "leads"}).status_code == 201


def test_everybody_in_the_workspace_is_in_a_public_channel(as_user, boss, mate, make_channel):
    channel = make_channel()

    listed = as_user(mate).get(f"{PATH}{channel.pk}/members/")
    refused = as_user(boss).send("POST", f"{PATH}{channel.pk}/members/", {"user_id": mate.pk})

    assert [row["username"] for row in listed.json()["data"]] == ["bo", "mia"]
    assert (refused.status_code, refused.json()["code"]) == (409, "channel_is_public")


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_as_many_queries_for_many(
    as_user, workspace, boss, make_channel, django_assert_num_queries, count
):
    for number in range(count):
        make_channel(f"c{number}", boss)
    client = as_user(boss)

    with django_assert_num_queries(3):
        response = client.get(f"{PATH}?workspace_id={workspace.pk}")

    assert len(response.json()["data"]) == count


def test_pages_hold_every_channel_once(as_user, workspace, boss, make_channel):
    for number in range(3):
        make_channel(f"c{number}")
    client = as_user(boss)

    first = client.get(f"{PATH}?workspace_id={workspace.pk}&limit=2")
    second = client.get(first["Link"].split(";")[0].strip("<>"))

    assert [[row["name"] for row in page.json()["data"]] for page in (first, second)] == [["c0", "c1"], ["c2"]]
    assert "Link" not in second
