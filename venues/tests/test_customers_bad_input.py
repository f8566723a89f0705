"""Whatever a client sends is answered, by the field that is wrong."""

import pytest

from accounts.models import OneTimePassword, Report, Session, User
from venues.models import Presence

NUL, LONG, HUGE = "a\x00b", "x" * 10_000, 10**30
MISTYPED = [None, 1, 1.5, True, [], ["x"], {}, {"x": 1}]
NO_TEXT = [*MISTYPED, "", "   ", NUL, LONG]
NO_PASSWORD = [value for value in NO_TEXT if value != "   "]
NO_NAME = [*NO_TEXT, "two words", "ünï", "a/b", "x" * 151]
NO_EMAIL = [*NO_TEXT, "ann", "ann@", "@example.com", "a b@example.com", f"{'x' * 250}@example.com"]
NO_ID = [None, "3", "x", 1.5, True, [], {}, 0, -1, HUGE, 2**63]

REGISTRATION = {
    "username": "john",
    "password": "Stout-and-ale-4",
    "email": "john@example.com",
    "first_name": "John",
    "last_name": "Doe",
    "gender": "male",
    "customer_profile": {"name": "John D.", "one_line_desc": "", "interests": ["Music"]},
}
NO_OPTIONAL_TEXT = [value for value in NO_TEXT if value not in ("", "   ")]

# path, a good body, {field: values that are not good for it}, fields that may be missing
TABLE = {
    "/register/customer/": (
        REGISTRATION,
        {
            "username": NO_NAME,
            "password": NO_PASSWORD,
            "email": NO_EMAIL,
            "first_name": [*NO_OPTIONAL_TEXT, "x" * 151],
            "last_name": NO_OPTIONAL_TEXT,
            "gender": [None, 1, True, [], {}, "none", NUL, LONG],
            "customer_profile": [None, 1, "x", [], [1], True],
            "customer_profile.name": [*NO_TEXT, "x" * 101],
            "customer_profile.one_line_desc": [*NO_OPTIONAL_TEXT, "x" * 256],
            "customer_profile.interests": [None, 1, "x", {"0": "x"}, ["x"] * 51],
            "customer_profile.interests.0": [None, 1, "", NUL, "x" * 51, [], {}],
        },
        {"first_name", "last_name", "gender", "customer_profile"},
    ),
    "/login/customer/": (
        {"username": "ann", "password": "x", "venue": 1},
        {"username": [*NO_TEXT, "x" * 151], "password": NO_PASSWORD, "venue": NO_ID},
        set(),
    ),
    "/login/owner/": (
        {"username": "olga", "password": "x"},
        {"username": [*NO_TEXT, "x" * 151], "password": NO_PASSWORD},
        set(),
    ),
    "/customers/login/passwordless/": (
        {"username": "ann", "email": "ann@example.com", "var_id": "v1"},
        {"username": NO_TEXT, "email": NO_EMAIL, "var_id": [*NO_TEXT, "x" * 65]},
        set(),
    ),
    "/customers/login/validate-otp/": (
        {"email": "ann@example.com", "otp": "123456"},
        {"email": NO_EMAIL, "otp": [*NO_TEXT, "1" * 21]},
        set(),
    ),
    "/token/refresh/": ({"refresh": "x"}, {"refresh": NO_TEXT}, set()),
    "/logout/": ({"refresh": "x"}, {"refresh": NO_TEXT}, set()),
    "/customers/password/": (
        {"old_password": "x", "new_password": "Another-horse-8"},
        {"old_password": [value for value in NO_PASSWORD if value != ""], "new_password": NO_PASSWORD},
        {"old_password"},
    ),
    "/customers/{stranger}/report/": (
        {"reason": "Shouts.", "message_id": 1},
        {"reason": [*NO_TEXT, "x" * 2001], "message_id": [value for value in NO_ID if value is not None]},
        {"message_id"},
    ),
}
FIELDS = [(path, field) for path, (_, fields, _) in TABLE.items() for field in fields]
MISSING = [
    (path, good, field) for path, (good, _, optional) in TABLE.items() for field in good if field not in optional
]


def with_value(body, path, value):
    """`body` with the value at a dotted path changed."""
    head, _, rest = path.partition(".")
    if isinstance(body, list):
        return [with_value(body[0], rest, value) if rest else value, *body[1:]]
    return {**body, head: with_value(body[head], rest, value) if rest else value}


@pytest.fixture
def client(customer, as_user):
    return as_user(customer)


@pytest.fixture
def send(client, stranger):
    return lambda method, path, body: client.send(method, path.format(stranger=stranger.pk), body)


@pytest.fixture
def nothing_changes(client, stranger):
    before = list(User.objects.order_by("pk").values())
    yield
    assert list(User.objects.order_by("pk").values()) == before
    assert Session.objects.filter(revoked_at=None).count() == 1
    assert not any(model.objects.exists() for model in (OneTimePassword, Report, Presence))


def names(response, field):
    """Whether the answer says that the field, and nothing else, is wrong."""
    answer = response.json()
    return (
        response.status_code == 400
        and answer["code"] == "invalid"
        and all(named.startswith(field) for named in answer["details"])
    )


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_bad_value_is_named(send, path, field):
    good, fields, _ = TABLE[path]

    taken = [value for value in fields[field] if not names(send("POST", path, with_value(good, field, value)), field)]

    assert taken == []


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(("path", "good", "field"), MISSING)
def test_a_missing_field_is_named(send, path, good, field):
    response = send("POST", path, {name: value for name, value in good.items() if name != field})

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert response.json()["details"] == {field: ["This field is required."]}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("path", TABLE)
def test_what_is_no_object_is_refused(send, path):
    answers = [send("POST", path, body).status_code for body in ([], [1], "x", 1, True, "null")]

    assert set(answers) == {400}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("path", TABLE)
def test_what_is_no_json_is_refused(client, stranger, path):
    path = path.format(stranger=stranger.pk)
    bodies = [b"", b"{", b"\xff", b'{"username": "\\ud800"}', b"[" * 100_000, b"NaN"]

    answers = [client.post(path, data=body, content_type="application/json").status_code for body in bodies]

    assert set(answers) == {400}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("path", TABLE)
def test_other_media_types_are_refused(client, stranger, path):
    response = client.post(path.format(stranger=stranger.pk), data={"username": "ann"})

    assert response.status_code == 415


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_bad_change_is_named(customer, send, method):
    good = {**REGISTRATION, "username": "ann", "email": "ann@example.com"}
    changes = [
        (field, value)
        for field, values in TABLE["/register/customer/"][1].items()
        if field != "password"
        for value in values
    ]

    taken = [
        (field, value)
        for field, value in changes
        if not names(send(method, f"/customers/{customer.pk}/", with_value(good, field, value)), field)
    ]

    assert taken == []


@pytest.mark.usefixtures("nothing_changes")
def test_leaving_with_what_is_no_password(send):
    answers = [send("DELETE", "/customers/me/", {"password": value}) for value in NO_PASSWORD]

    assert {answer.status_code for answer in answers} == {400}
    assert {tuple(answer.json()["details"]) for answer in answers} == {("password",)}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("is_active=perhaps", "is_active"),
        ("is_verified=2", "is_verified"),
        ("gender=none", "gender"),
        ("venue=x", "venue"),
        ("venue=0", "venue"),
        (f"venue={HUGE}", "venue"),
        (f"venue={'9' * 5000}", "venue"),
        ("q=%00", "q"),
        (f"q={'x' * 101}", "q"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
    ],
)
def test_a_bad_search_is_named(superuser, as_user, query, field):
    response = as_user(superuser).send("GET", f"/customers/?{query}")

    assert (response.status_code, list(response.json()["details"])) == (400, [field])


@pytest.mark.parametrize("query", ["q=%ff", "q=%ED%A0%80", "is_active=", "limit=100000", "unknown=1"])
def test_an_odd_search_is_answered(superuser, as_user, query):
    assert as_user(superuser).send("GET", f"/customers/?{query}").status_code in {200, 400}


@pytest.mark.parametrize("session", ["x", "1", "00000000-0000-0000-0000-000000000000", "%00", "-" * 36])
def test_a_session_that_is_not_there(customer, as_user, session):
    assert as_user(customer).send("DELETE", f"/customer-tokens/{session}/").status_code == 404
