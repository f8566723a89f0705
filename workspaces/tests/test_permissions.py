"""Who gets what from every endpoint of workspaces, and that a refusal changes nothing."""

import pytest

from notifications.models import OutboxMail
from workspaces.models import Channel, ChannelMember, Invitation, Member, Workspace

pytestmark = pytest.mark.django_db

WHO = ("nobody", "stranger", "mate", "aide", "boss", "superuser")
ONE, CHANNEL = "/api/workspaces/{workspace}/", "/api/channels/{public}/"
NEW = {"workspace_id": "{workspace}", "name": "random"}
ASKED = {"email": "new@example.com"}
PERSON = {"user_id": "{lee}"}
# method, path, body, and the status for each of WHO. `lee` is a member, `eve` the private channel's only other one
# beside boss; `made` is mate's own channel. The workspaces in a body or a path stand for their ids.
TABLE = [
    ("GET", "/api/workspaces/", None, (401, 200, 200, 200, 200, 200)),
    ("POST", "/api/workspaces/", {"name": "New"}, (401, 201, 201, 201, 201, 201)),
    ("GET", ONE, None, (401, 404, 200, 200, 200, 404)),
    ("PATCH", ONE, {"name": "New"}, (401, 404, 403, 200, 200, 404)),
    ("DELETE", ONE, None, (401, 404, 403, 403, 204, 404)),
    ("GET", ONE + "members/", None, (401, 404, 200, 200, 200, 404)),
    ("POST", ONE + "members/", ASKED, (401, 404, 403, 201, 201, 404)),
    ("PATCH", ONE + "members/{lee}/", {"role": "admin"}, (401, 404, 403, 200, 200, 404)),
    ("PATCH", ONE + "members/{lee}/", {"role": "owner"}, (401, 404, 403, 403, 200, 404)),
    ("PATCH", ONE + "members/{boss}/", {"role": "member"}, (401, 404, 403, 409, 409, 404)),
    ("DELETE", ONE + "members/{lee}/", None, (401, 404, 403, 204, 204, 404)),
    ("DELETE", ONE + "members/{boss}/", None, (401, 404, 403, 409, 409, 404)),
    ("DELETE", ONE + "members/{mate}/", None, (401, 404, 204, 204, 204, 404)),
    ("PATCH", ONE + "members/{stranger}/", {"role": "admin"}, (401, 404, 403, 404, 404, 404)),
    ("DELETE", ONE + "members/{stranger}/", None, (401, 404, 403, 404, 404, 404)),
    ("GET", ONE + "invitations/", None, (401, 404, 403, 200, 200, 404)),
    ("DELETE", ONE + "invitations/{invitation}/", None, (401, 404, 403, 204, 204, 404)),
    ("DELETE", ONE + "invitations/{elsewhere}/", None, (401, 404, 403, 404, 404, 404)),
    ("GET", "/api/channels/?workspace_id={workspace}", None, (401, 404, 200, 200, 200, 404)),
    ("POST", "/api/channels/", NEW, (401, 404, 201, 201, 201, 404)),
    ("GET", CHANNEL, None, (401, 404, 200, 200, 200, 404)),
    ("PATCH", CHANNEL, {"name": "new"}, (401, 404, 403, 200, 200, 404)),
    ("PATCH", CHANNEL, {"is_private": True}, (401, 404, 403, 200, 200, 404)),
    ("DELETE", CHANNEL, None, (401, 404, 403, 204, 204, 404)),
    ("GET", CHANNEL + "members/", None, (401, 404, 200, 200, 200, 404)),
    ("POST", CHANNEL + "members/", PERSON, (401, 404, 409, 409, 409, 404)),
    ("DELETE", CHANNEL + "members/", PERSON, (401, 404, 409, 409, 409, 404)),
    ("PATCH", "/api/channels/{made}/", {"name": "new"}, (401, 404, 200, 200, 200, 404)),
    ("DELETE", "/api/channels/{made}/", None, (401, 404, 204, 204, 204, 404)),
    ("GET", "/api/channels/{private}/", None, (401, 404, 404, 404, 200, 404)),
    ("PATCH", "/api/channels/{private}/", {"name": "new"}, (401, 404, 404, 404, 200, 404)),
    ("DELETE", "/api/channels/{private}/", None, (401, 404, 404, 404, 204, 404)),
    ("GET", "/api/channels/{private}/members/", None, (401, 404, 404, 404, 200, 404)),
    ("POST", "/api/channels/{private}/members/", PERSON, (401, 404, 404, 404, 201, 404)),
    ("DELETE", "/api/channels/{private}/members/", {"user_id": "{eve}"}, (401, 404, 404, 404, 204, 404)),
    ("DELETE", "/api/channels/{private}/members/", PERSON, (401, 404, 404, 404, 404, 404)),
    ("GET", "/api/workspaces/999999/", None, (401, 404, 404, 404, 404, 404)),
    ("PATCH", "/api/workspaces/{huge}/", {"name": "New"}, (401, 404, 404, 404, 404, 404)),
    ("DELETE", ONE + "members/{huge}/", None, (401, 404, 403, 404, 404, 404)),
    ("DELETE", ONE + "invitations/{huge}/", None, (401, 404, 403, 404, 404, 404)),
    ("GET", "/api/channels/{huge}/", None, (401, 404, 404, 404, 404, 404)),
    ("GET", "/api/channels/?workspace_id=999999", None, (401, 404, 404, 404, 404, 404)),
]
CASES = [
    (method, path, body, who, status)
    for method, path, body, statuses in TABLE
    for who, status in zip(WHO, statuses, strict=True)
]


def everything():
    models = (Workspace, Member, Invitation, Channel, ChannelMember, OutboxMail)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.fixture
def ids(make_workspace, workspace, make_channel, make_user, boss, mate, join, invite):
    lee, eve = join(make_user("lee"), workspace), join(make_user("eve"), workspace)
    made = {
        "workspace": workspace,
        "public": make_channel(),
        "private": make_channel("leads", boss, eve),
        "made": make_channel("mates", created_by=mate),
        "invitation": invite("asked@example.com"),
        "elsewhere": invite("asked@example.com", workspace=make_workspace("Other")),
        **{"lee": lee, "eve": eve, "boss": boss, "mate": mate, "stranger": make_user("outsider")},
    }
    return {**{name: row.pk for name, row in made.items()}, "huge": 10**30}


@pytest.mark.parametrize(("method", "path", "body", "who", "status"), CASES)
def test_permission(request, as_user, ids, method, path, body, who, status):
    client = as_user(None if who == "nobody" else request.getfixturevalue(who))
    request.getfixturevalue("aide")
    filled = body and {name: ids.get(str(value).strip("{}"), value) for name, value in body.items()}
    before = everything()

    response = client.send(method, path.format(**ids), filled)

    assert response.status_code == status
    if status >= 400:
        assert everything() == before
        assert set(response.json()) == {"status", "message", "code"}


def test_a_member_of_a_private_channel_who_does_not_run_it_lets_in_and_leaves_and_no_more(as_user, ids, make_user):
    eve = Member.objects.get(user=ids["eve"]).user
    client, channel = as_user(eve), f"/api/channels/{ids['private']}/"
    before = everything()

    refused = [
        client.send("PATCH", channel, {"name": "mine"}),
        client.send("DELETE", channel),
        client.send("DELETE", channel + "members/", {"user_id": ids["boss"]}),
    ]

    assert [(response.status_code, response.json()["code"]) for response in refused] == [(403, "channel_not_yours")] * 3
    assert everything() == before
    assert client.send("POST", channel + "members/", {"user_id": ids["lee"]}).status_code == 201
    assert client.send("DELETE", channel + "members/", {"user_id": eve.pk}).status_code == 204
    assert client.send("GET", channel).status_code == 404
