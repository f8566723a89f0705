"""Who gets what from every endpoint, and that a refusal changes nothing."""

import pytest

from chat.models import Change, Conversation, Message, Mute, Participant, Reaction

pytestmark = pytest.mark.django_db

WHO = ("nobody", "stranger", "member", "owner", "other_owner", "superuser")
# method, path, body, and the status for each of WHO. The member takes part in the private chat and is at the venue,
# and is the author of both messages.
TABLE = [
    ("post", "/private/create/", {"username": "bob"}, (401, 201, 200, 201, 201, 201)),
    ("get", "/private/list/", None, (401, 200, 200, 200, 200, 200)),
    ("get", "/private/{chat}/history/", None, (401, 404, 200, 404, 404, 404)),
    ("post", "/private/{chat}/read/", {"seq": 1}, (401, 404, 200, 404, 404, 404)),
    ("get", "/private/{group}/history/", None, (401, 404, 404, 404, 404, 404)),
    ("post", "/private/{group}/read/", {"seq": 1}, (401, 404, 404, 404, 404, 404)),
    ("get", "/group/v1/history/", None, (401, 403, 200, 200, 403, 200)),
    ("post", "/group/{venue}/mute/", {"username": "bob", "minutes": 5}, (401, 403, 403, 200, 404, 200)),
    ("post", "/group/{venue}/close/", None, (401, 403, 403, 200, 404, 200)),
    ("post", "/group/{venue}/open/", None, (401, 403, 403, 200, 404, 200)),
    ("patch", "/messages/{in_chat}/", {"message": "Bye"}, (401, 404, 200, 404, 404, 404)),
    ("patch", "/messages/{in_group}/", {"message": "Bye"}, (401, 404, 200, 403, 404, 403)),
    ("delete", "/messages/{in_chat}/", None, (401, 404, 204, 404, 404, 404)),
    ("delete", "/messages/{in_group}/", None, (401, 404, 204, 204, 404, 204)),
    ("post", "/messages/{in_chat}/reactions/", {"emoji": "👍"}, (401, 404, 200, 404, 404, 404)),
    ("post", "/messages/{in_group}/reactions/", {"emoji": "👍"}, (401, 404, 200, 200, 404, 200)),
]
CASES = [
    (method, path, body, who, status)
    for method, path, body, statuses in TABLE
    for who, status in zip(WHO, statuses, strict=True)
]


def everything():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Conversation, Participant, Message, Change, Mute, Reaction)
    ]


@pytest.fixture
def people(customer, stranger, owner, other_owner, superuser):
    return dict(zip(WHO, (None, stranger, customer, owner, other_owner, superuser), strict=True))


@pytest.fixture
def paths(private_chat, group, venue, var_id, customer, check_in, say):
    check_in(customer)
    in_chat, in_group = say(customer, private_chat), say(customer, group)
    return {
        "chat": private_chat.pk,
        "group": group.pk,
        "venue": venue.pk,
        "in_chat": in_chat.pk,
        "in_group": in_group.pk,
    }


@pytest.mark.parametrize(("method", "path", "body", "who", "status"), CASES)
def test_permissions(as_user, people, paths, method, path, body, who, status):
    before = everything()

    answer = as_user(people[who]).send(method, path.format(**paths), body)

    assert answer.status_code == status
    if status >= 400:
        assert everything() == before
