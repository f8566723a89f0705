"""`POST /api/activities/`"""

import pytest

from activity.models import FeedEntry
from activity.services import FeedItem, record_in_feed
from workspaces.audiences import audience_of, feed_of

ACTIVITIES = "/api/activities/"
pytestmark = pytest.mark.django_db


def record(workspace, actor, *summaries, audience="", type="message_sent") -> None:
    feed = feed_of(workspace.pk)
    record_in_feed([FeedItem(feed, type, actor.pk, 5, summary, audience) for summary in summaries])


def test_the_latest_are_shown_first(as_user, workspace, make_user, boss):
    john = make_user("john", "member", first_name="John", last_name="Doe")
    record(workspace, boss, "created the workspace", type="workspace_created")
    record(workspace, john, "sent a message in #general")
    latest, first = FeedEntry.objects.all()

    response = as_user(boss).send("POST", ACTIVITIES, {"workspace_id": workspace.pk, "limit": 50})

    assert response.status_code == 200
    assert response.json() == {
        "status": "success",
        "data": [
            {
                "id": latest.pk,
                "actor_email": "john@example.com",
                "type": "message_sent",
                "ref_id": 5,
                "summary": "John sent a message in #general",
                "created_at": latest.at.isoformat().replace("+00:00", "Z"),
            },
            {
                "id": first.pk,
                "actor_email": "bo@example.com",
                "type": "workspace_created",
                "ref_id": 5,
                "summary": "bo created the workspace",
                "created_at": first.at.isoformat().replace("+00:00", "Z"),
            },
        ],
    }


def test_pages_go_back_from_an_activity(as_user, workspace, boss):
    record(workspace, boss, *"abcde")
    client, shown, before = as_user(boss), [], {}

    while page := client.send("POST", ACTIVITIES, {"workspace_id": workspace.pk, "limit": 2, **before}).json()["data"]:
        shown += [activity["summary"] for activity in page]
        before = {"before": page[-1]["id"]}

    assert shown == ["bo e", "bo d", "bo c", "bo b", "bo a"]


@pytest.mark.parametrize(
    ("asked", "shown"), [({}, 50), ({"limit": 1}, 1), ({"limit": 201}, 200), ({"limit": 2**60}, 200)]
)
def test_how_many_are_shown(as_user, workspace, boss, asked, shown):
    record(workspace, boss, *(f"{number}" for number in range(210)))

    response = as_user(boss).send("POST", ACTIVITIES, {"workspace_id": workspace.pk, **asked})

    assert len(response.json()["data"]) == shown


def test_private_channels_are_their_members_business(as_user, workspace, boss, mate, make_channel):
    record(workspace, boss, "sent a message in #leads", audience=audience_of(make_channel("leads", boss).pk))

    shown = {
        user: as_user(user).send("POST", ACTIVITIES, {"workspace_id": workspace.pk}).json()["data"]
        for user in (boss, mate)
    }

    assert [activity["summary"] for activity in shown[boss]] == ["bo sent a message in #leads"]
    assert shown[mate] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "workspace_id"),
        ({"workspace_id": None}, "workspace_id"),
        ({"workspace_id": "1"}, "workspace_id"),
        ({"workspace_id": True}, "workspace_id"),
        ({"workspace_id": 0}, "workspace_id"),
        ({"workspace_id": 2**63}, "workspace_id"),
        ({"workspace_id": [1]}, "workspace_id"),
        ({"workspace_id": "\0"}, "workspace_id"),
        ({"workspace_id": 1, "limit": 0}, "limit"),
        ({"workspace_id": 1, "limit": -1}, "limit"),
        ({"workspace_id": 1, "limit": "50"}, "limit"),
        ({"workspace_id": 1, "limit": 1.5}, "limit"),
        ({"workspace_id": 1, "limit": None}, "limit"),
        ({"workspace_id": 1, "before": 0}, "before"),
        ({"workspace_id": 1, "before": "1"}, "before"),
        ({"workspace_id": 1, "before": 2**63}, "before"),
    ],
)
def test_bad_input_names_its_field(as_user, boss, body, field):
    response = as_user(boss).send("POST", ACTIVITIES, body)

    assert response.status_code == 400
    assert response.json()["status"] == "error"
    assert list(response.json()["errors"]) == [field]


def test_who_is_not_in_it_is_told_that_there_is_no_such_workspace(as_user, workspace, stranger, superuser):
    record(workspace, workspace.created_by, "sent a message in #general")

    answers = [
        as_user(user).send("POST", ACTIVITIES, {"workspace_id": workspace_id})
        for user in (stranger, superuser)
        for workspace_id in (workspace.pk, workspace.pk + 1000)
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in answers}) == 1
    assert as_user(None).send("POST", ACTIVITIES, {"workspace_id": workspace.pk}).status_code == 401


def test_it_is_asked_for_by_post(as_user, boss):
    response = as_user(boss).send("GET", ACTIVITIES)

    assert response.status_code == 405
    assert response.json()["message"] == "POST method required"


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_takes_as_many_queries_however_long_it_is(
    as_user, workspace, boss, count, django_assert_num_queries, settings
):
    record(workspace, boss, *(f"{number}" for number in range(count)))
    client = as_user(boss)
    client.send("POST", ACTIVITIES, {"workspace_id": workspace.pk})

    with django_assert_num_queries(6):  # the session with its user, and the five of reading
        response = client.send("POST", ACTIVITIES, {"workspace_id": workspace.pk})

    assert len(response.json()["data"]) == count
