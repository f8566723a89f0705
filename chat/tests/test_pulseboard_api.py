"""Pulseboard's messages, over HTTP."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from activity.models import FeedEntry
from chat.models import Change, Message, Participant, Reaction
from chat.services.changes import delete_message, react
from chat.tests.conftest import block, join, open_channel, spelled
from workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db

MESSAGES = "/api/messages/"


def row(message, **more):
    """As a channel's history shows a message."""
    return {
        "id": message.pk,
        "sender_email": message.sender.email,
        "body": message.body,
        "created_at": spelled(message.created_at),
        "seq": message.seq,
        "edited_at": None,
        "deleted": False,
        "reactions": [],
        **more,
    }


def found(answer):
    assert answer.status_code == 200, answer.content
    return [one["body"] for one in answer.json()["data"]]


def of(conversation, **query):
    return MESSAGES + f"?channel_id={conversation.channel_id}" + "".join(f"&{key}={query[key]}" for key in query)


def test_what_was_said_is_shown_oldest_first(as_user, channel, boss, mate, say):
    first, second, third = say(boss, channel, "one"), say(mate, channel, "two"), say(boss, channel, "three")
    react(message_id=first.pk, by=mate, emoji="👍")
    react(message_id=first.pk, by=boss, emoji="👍")
    delete_message(message_id=second.pk, by=mate)

    answer = as_user(mate).get(of(channel))

    second.refresh_from_db()
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "success",
            "data": [
                row(first, reactions=[{"emoji": "👍", "count": 2, "mine": True}]),
                row(second, deleted=True),
                row(third),
            ],
        },
    )


def test_a_channel_in_which_nothing_was_said_is_empty(as_user, channel, boss):
    assert as_user(boss).get(of(channel)).json() == {"status": "success", "data": []}


def test_posting_stores_the_message_once_under_its_client_id(as_user, channel, boss):
    client, body = as_user(boss), {"channel_id": channel.channel_id, "body": " Hello everyone! "}

    answers = [client.send("post", MESSAGES, {**body, "client_id": "a"}) for _ in range(2)]

    message = Message.objects.get()
    assert message.body == "Hello everyone!"
    for answer in answers:
        assert (answer.status_code, answer.json()) == (
            201,
            {"status": "success", "message_id": message.pk, "seq": 1},
        )


def test_a_message_is_edited_deleted_and_reacted_to(as_user, channel, boss, mate, say):
    message = say(boss, channel)
    client, path = as_user(boss), f"{MESSAGES}{message.pk}/"

    edited = client.send("patch", path, {"body": "Hello!"})
    reacted = as_user(mate).send("post", f"{path}reactions/", {"emoji": "👍"})
    deleted = client.send("delete", path)

    change = Change.objects.get(kind="edited")
    shown = row(message, body="Hello!", edited_at=spelled(change.created_at))
    assert (edited.status_code, edited.json()) == (200, {"status": "success", "data": shown})
    assert (reacted.status_code, reacted.json()) == (
        200,
        {
            "status": "success",
            "data": {"id": message.pk, "seq": 3, "emoji": "👍", "user_email": "mia@example.com", "added": True},
        },
    )
    assert (deleted.status_code, deleted.content) == (204, b"")


def test_an_edit_shows_what_stands_under_the_message(as_user, channel, boss, mate, say):
    message = say(boss, channel)
    react(message_id=message.pk, by=mate, emoji="👍")

    answer = as_user(boss).send("patch", f"{MESSAGES}{message.pk}/", {"body": "Hello!"})

    assert answer.json()["data"]["reactions"] == [{"emoji": "👍", "count": 1, "mine": False}]


def test_too_late_an_edit_is_refused(as_user, channel, boss, say, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    message = say(boss, channel)
    time_machine.shift(timedelta(minutes=15, seconds=1))

    answer = as_user(boss).send("patch", f"{MESSAGES}{message.pk}/", {"body": "Hello!"})

    assert (answer.status_code, answer.json()) == (
        403,
        {"status": "error", "message": "A message can be edited for 15 minutes.", "code": "edit_too_late"},
    )


def test_reading_is_remembered(as_user, channel, boss, mate, say):
    say(boss, channel)

    answer = as_user(mate).send("post", f"/api/channels/{channel.channel_id}/read/", {"seq": 5})

    assert (answer.status_code, answer.json()) == (200, {"status": "success", "seq": 1})


def test_pages_lead_both_ways(as_user, channel, boss, say):
    for number in range(1, 6):
        say(boss, channel, str(number))
    client = as_user(boss)

    newest, older = client.get(of(channel, limit=2)), client.get(of(channel, limit=2, before=4))
    newer, last = client.get(of(channel, limit=2, since=1)), client.get(of(channel, since=3))

    assert [found(answer) for answer in (newest, older, newer, last)] == [
        ["4", "5"],
        ["2", "3"],
        ["2", "3"],
        ["4", "5"],
    ]
    channel_id, base = channel.channel_id, "http://testserver/api/messages/"
    assert newest["Link"] == f'<{base}?before=4&channel_id={channel_id}&limit=2>; rel="next"'
    assert older["Link"] == f'<{base}?before=2&channel_id={channel_id}&limit=2>; rel="next"'
    assert newer["Link"] == f'<{base}?channel_id={channel_id}&limit=2&since=3>; rel="next"'
    assert "Link" not in last


def test_words_are_found_in_a_channel_and_paged(as_user, channel, private_channel, boss, mate, say):
    bodies = ["Lunch at noon?", "noon it is", "See you, noon at the LUNCH table", "Dinner", "lunch noon"]
    for body in bodies:
        say(boss, channel, body)
    say(mate, private_channel, "lunch at noon in secret")
    client = as_user(boss)

    assert found(client.get(of(channel, q="noon lunch"))) == [bodies[0], bodies[2], bodies[4]]
    assert found(client.get(of(channel, q="lunch", limit=2))) == [bodies[2], bodies[4]]
    assert found(client.get(of(channel, q="lunch", before=3))) == [bodies[0]]
    assert found(client.get(of(channel, q="lunch", since=1, limit=1))) == [bodies[2]]
    assert found(client.get(of(channel, q="breakfast"))) == []
    assert found(client.get(of(channel, q=" "))) == bodies


@pytest.mark.parametrize("words", ["'", '"', "a & b | !c", "\\", "%", "_", "<->", "((", ":*", "🎯", "or", "x" * 200])
def test_any_words_can_be_looked_for(as_user, channel, boss, say, words):
    say(boss, channel, "Hello")

    answer = as_user(boss).get(MESSAGES, {"channel_id": channel.channel_id, "q": words})

    assert found(answer) == []


def test_words_are_found_in_all_channels_that_one_is_in(
    as_user, workspace, channel, private_channel, group, boss, mate, owner, say
):
    other = Workspace.objects.create(name="Elsewhere", created_by=mate)
    join(other, mate)
    first = say(boss, channel, "lunch at noon")
    say(mate, open_channel(other, "general"), "lunch elsewhere")
    say(owner, group, "lunch at the venue")
    second = say(mate, private_channel, "lunch in secret")
    react(message_id=second.pk, by=mate, emoji="👍")
    gone = say(mate, channel, "no lunch")
    delete_message(message_id=gone.pk, by=mate)
    path = f"{MESSAGES}search/?workspace_id={workspace.pk}&q=lunch"

    answer, one, for_boss = as_user(mate).get(path), as_user(mate).get(path + "&limit=1"), as_user(boss).get(path)

    counts = [{"emoji": "👍", "count": 1, "mine": True}]
    shown = [
        row(second, channel_id=private_channel.channel_id, reactions=counts),
        row(first, channel_id=channel.channel_id),
    ]
    assert answer.json() == {"status": "success", "data": shown}
    assert one.json()["data"] == shown[:1]
    following = one["Link"].removeprefix("<").partition(">")[0]
    assert as_user(mate).get(following).json()["data"] == shown[1:]
    assert for_boss.json()["data"] == shown[1:]


def test_messages_of_those_one_has_blocked_are_hidden(as_user, workspace, channel, boss, mate, say):
    say(mate, channel, "mine")
    say(boss, channel, "theirs")
    block(mate, boss)
    search = f"{MESSAGES}search/?workspace_id={workspace.pk}&q="

    assert found(as_user(mate).get(of(channel))) == ["mine"]
    assert found(as_user(mate).get(of(channel, q="theirs"))) == found(as_user(mate).get(search + "theirs")) == []
    assert found(as_user(boss).get(of(channel))) == ["mine", "theirs"]


@pytest.mark.parametrize("n", [1, 3])
def test_lists_cost_the_same_queries_however_long(as_user, workspace, channel, boss, say, n, django_assert_num_queries):
    client = as_user(boss)
    for number in range(n):
        react(message_id=say(boss, channel, f"Hello {number}").pk, by=boss, emoji="👍")

    with django_assert_num_queries(5):
        assert len(found(client.get(of(channel)))) == n
    with django_assert_num_queries(7):
        assert len(found(client.get(f"{MESSAGES}search/?workspace_id={workspace.pk}&q=hello"))) == n


WHO = ("nobody", "stranger", "member", "inside", "admin", "owner", "superuser", "left")
# method, path, body, and the status for each of WHO. Who is inside is in the private channel, and said everything.
TABLE = [
    ("get", "messages/?channel_id={public}", None, (401, 404, 200, 200, 200, 200, 404, 404)),
    ("get", "messages/?channel_id={private}", None, (401, 404, 404, 200, 404, 404, 404, 404)),
    ("get", "messages/?channel_id={deleted}", None, (401, 404, 404, 404, 404, 404, 404, 404)),
    ("get", "messages/?channel_id=0999999", None, (401, 404, 404, 404, 404, 404, 404, 404)),
    ("get", "messages/search/?workspace_id={workspace}&q=x", None, (401, 404, 200, 200, 200, 200, 404, 404)),
    ("post", "messages/", {"channel_id": "public", "body": "x"}, (401, 404, 201, 201, 201, 201, 404, 404)),
    ("post", "messages/", {"channel_id": "private", "body": "x"}, (401, 404, 404, 201, 404, 404, 404, 404)),
    ("post", "messages/", {"channel_id": "deleted", "body": "x"}, (401, 404, 404, 404, 404, 404, 404, 404)),
    ("patch", "messages/{in_public}/", {"body": "x"}, (401, 404, 403, 200, 403, 403, 404, 404)),
    ("patch", "messages/{in_private}/", {"body": "x"}, (401, 404, 404, 200, 404, 404, 404, 404)),
    ("delete", "messages/{in_public}/", None, (401, 404, 403, 204, 204, 204, 404, 404)),
    ("delete", "messages/{in_private}/", None, (401, 404, 404, 204, 404, 404, 404, 404)),
    ("post", "messages/{in_public}/reactions/", {"emoji": "👍"}, (401, 404, 200, 200, 200, 200, 404, 404)),
    ("post", "messages/{in_private}/reactions/", {"emoji": "👍"}, (401, 404, 404, 200, 404, 404, 404, 404)),
    ("post", "channels/{public}/read/", {"seq": 1}, (401, 404, 200, 200, 200, 200, 404, 404)),
    ("post", "channels/{private}/read/", {"seq": 1}, (401, 404, 404, 200, 404, 404, 404, 404)),
]
CASES = [
    (method, path, body, who, status)
    for method, path, body, statuses in TABLE
    for who, status in zip(WHO, statuses, strict=True)
]


def everything():
    return [
        list(model.objects.order_by("pk").values()) for model in (Participant, Message, Change, Reaction, FeedEntry)
    ]


@pytest.fixture
def people(stranger, make_user, workspace, mate, aide, boss, superuser):
    member, left = join(workspace, make_user("max")), join(workspace, make_user("lea"))
    Member.objects.filter(user=left).delete()
    return dict(zip(WHO, (None, stranger, member, mate, aide, boss, superuser, left), strict=True))


@pytest.fixture
def ids(workspace, channel, private_channel, mate, say):
    deleted = open_channel(workspace, "old")
    say(mate, deleted)
    deleted.channel.deleted_at = say(mate, channel).created_at
    deleted.channel.save()
    return {
        "workspace": workspace.pk,
        "public": channel.channel_id,
        "private": private_channel.channel_id,
        "deleted": deleted.channel_id,
        "in_public": say(mate, channel).pk,
        "in_private": say(mate, private_channel).pk,
    }


@pytest.mark.parametrize(("method", "path", "body", "who", "status"), CASES)
def test_permissions(as_user, people, ids, method, path, body, who, status):
    before = everything()
    if body and "channel_id" in body:
        body = {**body, "channel_id": ids[body["channel_id"]]}

    answer = as_user(people[who]).send(method, "/api/" + path.format(**ids), body)

    assert answer.status_code == status
    if status >= 400:
        assert everything() == before


HUGE = 10**400
BAD_TEXTS = [None, 7, True, [], {}, "", "  ", "a\x00b", "x" * 4001]
BAD_INTEGERS = [None, "7", 7.5, True, [], {}, -1, 2**63, HUGE]


def bodies(field, values, **others):
    return [({field: value} | others, [field]) for value in values] + [(others, [field])]


BAD_BODIES = {
    ("post", "messages/"): [
        *bodies("channel_id", [*BAD_INTEGERS, 0], body="Hello"),
        *bodies("body", BAD_TEXTS, channel_id=1),
        ({}, ["body", "channel_id"]),
        *[
            ({"channel_id": 1, "body": "x", "client_id": bad}, ["client_id"])
            for bad in (None, 7, True, [], "x" * 65, "\x00")
        ],
    ],
    ("patch", "messages/{message}/"): bodies("body", BAD_TEXTS),
    ("post", "messages/{message}/reactions/"): bodies("emoji", [*BAD_TEXTS, "👍" * 17]),
    ("post", "channels/{channel}/read/"): bodies("seq", BAD_INTEGERS),
}


@pytest.fixture
def send(as_user, channel, boss, say):
    ids = {"channel": channel.channel_id, "message": say(boss, channel).pk}
    client = as_user(boss)

    def request(method, path, data):
        return getattr(client, method)("/api/" + path.format(**ids), data=data, content_type="application/json")

    return request


@pytest.mark.parametrize(
    ("method", "path", "body", "fields"),
    [(*where, body, fields) for where, cases in BAD_BODIES.items() for body, fields in cases],
)
def test_a_bad_field_is_named(send, method, path, body, fields):
    before = everything()

    answer = send(method, path, json.dumps(body))

    assert (answer.status_code, answer.json()["code"], sorted(answer.json()["errors"])) == (400, "invalid", fields)
    assert everything() == before


@pytest.mark.parametrize(("method", "path"), BAD_BODIES)
@pytest.mark.parametrize("body", ["", "{", "[]", "7", "null", '{"body": "\\ud83d", "channel_id": 1}', "[" * 100000])
def test_a_bad_body_is_refused(send, method, path, body):
    before = everything()

    answer = send(method, path, body)

    assert (answer.status_code, answer.json()["status"]) == (400, "error")
    assert everything() == before


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "channel_id"),
        ("channel_id=", "channel_id"),
        ("channel_id=x", "channel_id"),
        ("channel_id=0", "channel_id"),
        ("channel_id=9223372036854775808", "channel_id"),
        ("channel_id=" + "9" * 5000, "channel_id"),
        ("channel_id=1&before=-1", "before"),
        ("channel_id=1&since=%00", "since"),
        ("channel_id=1&limit=0", "limit"),
        ("channel_id=1&q=%00", "q"),
        ("channel_id=1&q=" + "x" * 201, "q"),
    ],
)
def test_a_bad_question_is_refused(as_user, channel, boss, query, field):
    answer = as_user(boss).get(f"{MESSAGES}?{query}")

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", ["q", "workspace_id"]),
        ("workspace_id=1", ["q"]),
        ("workspace_id=1&q=", ["q"]),
        ("workspace_id=x&q=a", ["workspace_id"]),
        ("workspace_id=1&q=%00", ["q"]),
    ],
)
def test_a_bad_search_is_refused(as_user, boss, query, fields):
    answer = as_user(boss).get(f"{MESSAGES}search/?{query}")

    assert (answer.status_code, sorted(answer.json()["errors"])) == (400, fields)


def test_a_bad_cursor_is_refused(as_user, workspace, boss):
    answer = as_user(boss).get(f"{MESSAGES}search/?workspace_id={workspace.pk}&q=a&cursor=x")

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"])


@pytest.mark.parametrize("pk", ["0", "999999", str(2**63), "9" * 5000, "-1", "x", "%00", "7e1"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "messages/{}/", {"body": "Bye"}),
        ("delete", "messages/{}/", None),
        ("post", "messages/{}/reactions/", {"emoji": "👍"}),
        ("post", "channels/{}/read/", {"seq": 1}),
    ],
)
def test_what_is_not_there_is_not_found(as_user, boss, method, path, body, pk):
    answer = as_user(boss).send(method, "/api/" + path.format(pk), body)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "required"),
    [
        ("delete", "messages/", "GET or POST"),
        ("post", "messages/1/", "PATCH or DELETE"),
        ("get", "messages/1/reactions/", "POST"),
        ("get", "channels/1/read/", "POST"),
    ],
)
def test_another_method_is_told_which_is_required(as_user, boss, method, path, required):
    answer = as_user(boss).send(method, "/api/" + path)

    assert (answer.status_code, answer.json()["message"]) == (405, f"{required} method required")
