"""Pulseboard's metrics: messages of a day, and who is active."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.models import UserType
from activity.services import FeedItem, record_in_feed
from analytics.models import DailyRollup, Scope
from analytics.services import close_days
from chat.models import Conversation, Message
from workspaces.audiences import MESSAGE_SENT, feed_of
from workspaces.models import Channel, LastSeen, Member, Role, Workspace
from workspaces.presence import members_seen_since
from workspaces.services.leases import IDLE, ONLINE, settle_leases

PER_DAY, ACTIVE = "/api/metrics/messages-per-day", "/api/metrics/active-users"
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
NODE = "00000000-0000-4000-8000-000000000001"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def people(make_user):
    return [make_user(name, UserType.MEMBER) for name in ("ann", "ben", "cay")]


@pytest.fixture
def workspace(people):
    return made_workspace(people)


def made_workspace(people):
    workspace = Workspace.objects.create(name="Team", created_by=people[0])
    roles = (Role.OWNER, Role.ADMIN, Role.MEMBER)
    Member.objects.bulk_create(
        Member(workspace=workspace, user=user, role=role) for user, role in zip(people, roles, strict=True)
    )
    return workspace


def said(workspace, sender, *moments, name="general", **fields) -> None:
    """In the channel of that name, with what chat tells the feed of it."""
    fields = {"created_by": workspace.created_by, **fields}
    channel, _ = Channel.objects.get_or_create(workspace=workspace, name=name, defaults=fields)
    room, _ = Conversation.objects.get_or_create(
        channel=channel, defaults={"kind": Conversation.Kind.CHANNEL, "updated_at": NOW}
    )
    for moment in moments:
        room.last_seq += 1
        Message.objects.create(conversation=room, seq=room.last_seq, sender=sender, body="!", created_at=moment)
        with time_machine.travel(moment, tick=False):
            record_in_feed([FeedItem(feed_of(workspace.pk), MESSAGE_SENT, sender.pk, room.last_seq, "said something")])
    room.save()


def ago(**time) -> datetime:
    return NOW - timedelta(**time)


def counts(response) -> dict[str, int]:
    assert response.status_code == 200
    return {day["day"]: day["count"] for day in response.json()["data"]}


def test_fourteen_days_are_counted_the_oldest_first_and_empty_ones_too(as_user, workspace, people):
    midnight = NOW.replace(hour=0)
    said(workspace, people[0], ago(minutes=1), midnight, midnight - timedelta(microseconds=1))
    said(workspace, people[1], ago(days=13, hours=12), ago(days=13, hours=12, seconds=1))

    response = as_user(people[2]).send("POST", PER_DAY, {"workspace_id": workspace.pk})

    expected = {f"2026-01-{day:02}": 0 for day in range(7, 21)}
    expected |= {"2026-01-07": 1, "2026-01-19": 1, "2026-01-20": 2}
    assert response.json() == {
        "status": "success",
        "data": [{"day": day, "count": count} for day, count in expected.items()],
    }


def test_closed_days_are_read_from_their_rollups_and_come_to_the_same(as_user, workspace, people, make_user):
    said(workspace, people[0], *(ago(days=days) for days in range(14)), ago(days=3))
    said(workspace, people[1], ago(days=3), name="leads", is_private=True)
    said(made_workspace([make_user(name, UserType.MEMBER) for name in "xyz"]), people[0], ago(days=3))
    before = counts(as_user(people[0]).send("POST", PER_DAY, {"workspace_id": workspace.pk}))

    close_days()
    DailyRollup.objects.filter(scope=Scope.WORKSPACE, scope_id=workspace.pk, day="2026-01-10").update(value=77)
    after = counts(as_user(people[0]).send("POST", PER_DAY, {"workspace_id": workspace.pk}))

    assert before == {f"2026-01-{day:02}": 3 if day == 17 else 1 for day in range(7, 21)}
    assert after == before | {"2026-01-10": 77}


def test_what_is_said_elsewhere_is_not_counted(as_user, workspace, people):
    said(made_workspace(people), people[0], ago(hours=1))
    group = Conversation.objects.create(kind=Conversation.Kind.PRIVATE, pair="1-2", updated_at=NOW)
    Message.objects.create(conversation=group, seq=1, sender=people[0], body="!", created_at=ago(hours=1))

    counted = counts(as_user(people[0]).send("POST", PER_DAY, {"workspace_id": workspace.pk}))

    assert sum(counted.values()) == 0
    assert as_user(people[0]).send("POST", ACTIVE, {"workspace_id": workspace.pk, "minutes": 60}).json() == {
        "status": "success",
        "data": {"active_count": 0},
    }


def active(client, workspace, minutes) -> int:
    response = client.send("POST", ACTIVE, {"workspace_id": workspace.pk, "minutes": minutes})
    assert response.json() == {"status": "success", "data": {"active_count": response.json()["data"]["active_count"]}}
    return response.json()["data"]["active_count"]


def test_who_said_something_or_was_there_is_active_and_counted_once(as_user, workspace, people):
    ann, ben, cay = people
    client = as_user(ann)
    said(workspace, ann, ago(minutes=10), ago(minutes=9))
    LastSeen.objects.create(user=ben, at=ago(minutes=20))
    LastSeen.objects.create(user=ann, at=ago(minutes=5))

    assert [active(client, workspace, minutes) for minutes in (1, 5, 10, 19, 20, 43200)] == [0, 1, 1, 1, 2, 2]

    settle_leases(NODE, taken={cay.pk: IDLE, ann.pk: ONLINE}, dropped=())

    assert [active(client, workspace, minutes) for minutes in (1, 20)] == [2, 3]


def test_only_its_people_are_active_in_a_workspace(as_user, workspace, people, stranger):
    said(workspace, stranger, ago(minutes=1))
    settle_leases(NODE, taken={stranger.pk: ONLINE}, dropped=())

    assert active(as_user(people[0]), workspace, 15) == 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite tells of its plans in other words")
def test_who_was_there_is_looked_up_for_its_people_however_many_others_were(workspace, plan_of):
    plan = plan_of(lambda: members_seen_since(workspace.pk, ago(minutes=15)), without=["seqscan"])

    assert plan.count("Index Cond: (user_id = workspaces_member.user_id)") == 2
    assert "hashed" not in plan


@pytest.mark.parametrize("path", [PER_DAY, ACTIVE, f"{PER_DAY}/", f"{ACTIVE}/"])
def test_metrics_are_for_its_people(as_user, workspace, people, stranger, superuser, path):
    body = {"workspace_id": workspace.pk, "minutes": 15}

    answers = [as_user(user).send("POST", path, body).status_code for user in (None, people[2], stranger, superuser)]

    assert answers == [401, 200, 404, 404]
    assert as_user(people[0]).send("POST", path, body | {"workspace_id": 2**62}).status_code == 404
    assert as_user(people[0]).get(path).json()["message"] == "POST method required"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"minutes": 15}, "workspace_id"),
        ({"workspace_id": "1", "minutes": 15}, "workspace_id"),
        ({"workspace_id": "\0", "minutes": 15}, "workspace_id"),
        ({"workspace_id": 2**63, "minutes": 15}, "workspace_id"),
        ({"workspace_id": 1}, "minutes"),
        ({"workspace_id": 1, "minutes": 0}, "minutes"),
        ({"workspace_id": 1, "minutes": 43201}, "minutes"),
        ({"workspace_id": 1, "minutes": "15"}, "minutes"),
        ({"workspace_id": 1, "minutes": None}, "minutes"),
        ({"workspace_id": 1, "minutes": True}, "minutes"),
    ],
)
def test_bad_input_names_its_field(as_user, people, body, field):
    response = as_user(people[0]).send("POST", ACTIVE, body)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("path", "queries"), [(PER_DAY, 5), (ACTIVE, 5)])
def test_metrics_take_as_many_queries_however_much_happened(
    as_user, workspace, people, count, path, queries, django_assert_num_queries
):
    for number in range(count):
        said(workspace, people[number], ago(minutes=number), ago(days=2), name=f"channel-{number}")
        LastSeen.objects.create(user=people[number], at=timezone.now())
    close_days()
    client, body = as_user(people[0]), {"workspace_id": workspace.pk, "minutes": 15}
    client.send("POST", path, body)

    with django_assert_num_queries(queries):
        assert client.send("POST", path, body).status_code == 200
