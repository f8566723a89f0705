"""What a client may send by mistake or malice is refused by name, and changes nothing."""

import json

import pytest

from chat.services.conversations import open_private_chat
from chat.tests.test_permissions import everything

pytestmark = pytest.mark.django_db

HUGE = 10**400
BAD_TEXTS = [None, 7, True, [], {}, "", "  ", "a\x00b"]
BAD_INTEGERS = [None, "7", 7.5, True, [], {}, -1, 2**63, HUGE]
USERNAMES = [*BAD_TEXTS, "x" * 151]


def bodies(field, values, **others):
    return [({field: value} | others, [field]) for value in values] + [(others, [field])]


TABLE = {
    "/private/create/": bodies("username", USERNAMES),
    "/private/{chat}/read/": bodies("seq", BAD_INTEGERS),
    "/group/{venue}/mute/": [
        *bodies("username", USERNAMES, minutes=5),
        *bodies("minutes", [*BAD_INTEGERS, 43201], username="bob"),
        ({}, ["minutes", "username"]),
    ],
    "/messages/{message}/": bodies("message", [*BAD_TEXTS, "x" * 4001]),
    "/messages/{message}/reactions/": bodies("emoji", [*BAD_TEXTS, "👍" * 17]),
}
CASES = [(path, body, fields) for path, cases in TABLE.items() for body, fields in cases]


@pytest.fixture
def send(as_user, superuser, venue, group, friend, say):
    """As a superuser who wrote in a group and a private chat, so that nothing but the input can be refused."""
    chat = open_private_chat(by=superuser, username=friend.username).conversation
    ids = {"chat": chat.pk, "venue": venue.pk, "message": say(superuser, group).pk}
    client = as_user(superuser)

    def request(path, data, method="post"):
        path = path.format(**ids)
        return getattr(client, method)(path, data=data, content_type="application/json")

    return request


@pytest.mark.parametrize(("path", "body", "fields"), CASES)
def test_a_bad_field_is_named(send, path, body, fields):
    before = everything()

    method = "patch" if path == "/messages/{message}/" else "post"
    answer = send(path, json.dumps(body), method)

    assert (answer.status_code, answer.json()["code"], sorted(answer.json()["details"])) == (400, "invalid", fields)
    assert everything() == before


@pytest.mark.parametrize("path", TABLE)
@pytest.mark.parametrize(
    "body", ["", "{", "[]", "7", "null", '"x"', '{"message": "\\ud83d", "emoji": "\\ud83d"}', "[" * 100000]
)
def test_a_bad_body_is_refused(send, path, body):
    before = everything()

    method = "patch" if path == "/messages/{message}/" else "post"
    answer = send(path, body, method)

    assert answer.status_code == 400
    assert everything() == before


@pytest.mark.parametrize("emoji", ["a", "hello", "👍👍x", "👍 👍", "\u202e", "👍\u202e", "\u200d", "\ufe0f"])
def test_words_are_no_emoji(send, emoji):
    answer = send("/messages/{message}/reactions/", json.dumps({"emoji": emoji}))

    assert (answer.status_code, answer.json()["code"]) == (400, "emoji_invalid")


@pytest.mark.parametrize("pk", ["0", "999999", str(2**63), "9" * 5000, "-1", "x", "%00", "%ED%A0%BD", "7e1", "1.5"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/private/{}/history/", None),
        ("post", "/private/{}/read/", {"seq": 1}),
        ("get", "/group/{}/history/", None),
        ("post", "/group/{}/mute/", {"username": "bob", "minutes": 5}),
        ("post", "/group/{}/close/", None),
        ("post", "/group/{}/open/", None),
        ("patch", "/messages/{}/", {"message": "Bye"}),
        ("delete", "/messages/{}/", None),
        ("post", "/messages/{}/reactions/", {"emoji": "👍"}),
    ],
)
def test_what_is_not_there_is_not_found(as_user, superuser, friend, method, path, body, pk):
    answer = as_user(superuser).send(method, path.format(pk), body)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("before=x", "before"),
        ("before=-1", "before"),
        ("before=9223372036854775808", "before"),
        ("before=" + "9" * 5000, "before"),
        ("since=1.5", "since"),
        ("since=%00", "since"),
        ("since=", "since"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
    ],
)
@pytest.mark.parametrize("path", ["/private/{chat}/history/", "/group/v1/history/"])
def test_a_bad_window_is_refused(as_user, customer, private_chat, var_id, check_in, path, query, field):
    check_in(customer)

    answer = as_user(customer).send("get", f"{path.format(chat=private_chat.pk)}?{query}")

    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])


@pytest.mark.parametrize(("query", "field"), [("cursor=x", "cursor"), ("limit=0", "limit"), ("cursor=%00", "cursor")])
def test_a_bad_page_is_refused(as_user, customer, query, field):
    answer = as_user(customer).send("get", f"/private/list/?{query}")

    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
