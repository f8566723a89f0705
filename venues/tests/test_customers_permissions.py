"""Who may do what to whom. `ann` is the customer that the paths are about."""

import pytest

from accounts.models import Block, Report, Session, User
from conftest import PASSWORD, open_pub_session

CALLERS = ("nobody", "stranger", "ann", "owner", "superuser")
DETAILS = {"username": "ann", "email": "ann@example.com"}

# method, path, body: the status for each of CALLERS
TABLE = [
    ("GET", "/customers/", None, (401, 200, 200, 200, 200)),
    ("GET", "/customers/{ann}/", None, (401, 404, 200, 404, 200)),
    ("PUT", "/customers/{ann}/", DETAILS, (401, 404, 200, 404, 200)),
    ("PATCH", "/customers/{ann}/", {"first_name": "Changed"}, (401, 404, 200, 404, 200)),
    ("DELETE", "/customers/{ann}/", None, (401, 403, 403, 403, 204)),
    ("GET", "/customers/{owner}/", None, (401, 404, 404, 200, 404)),
    ("PATCH", "/customers/{owner}/", {"first_name": "Changed"}, (401, 404, 404, 200, 404)),
    ("DELETE", "/customers/{owner}/", None, (401, 403, 403, 403, 404)),
    ("GET", "/customers/me/export/", None, (401, 200, 200, 200, 200)),
    ("DELETE", "/customers/me/", {"password": PASSWORD}, (401, 204, 204, 403, 403)),
    (
        "POST",
        "/customers/password/",
        {"old_password": PASSWORD, "new_password": "Another-horse-8"},
        (401, 200, 200, 200, 200),
    ),
    ("POST", "/customers/{ann}/block/", None, (401, 200, 400, 200, 200)),
    ("POST", "/customers/{ann}/unblock/", None, (401, 200, 200, 200, 200)),
    ("POST", "/customers/{ann}/report/", {"reason": "Shouts."}, (401, 201, 400, 201, 201)),
    ("GET", "/customer-tokens/", None, (401, 200, 200, 200, 200)),
    ("DELETE", "/customer-tokens/{session}/", None, (401, 404, 204, 404, 404)),
]
ROWS = [
    pytest.param(method, path, body, caller, status, id=f"{caller} {method} {path}")
    for method, path, body, statuses in TABLE
    for caller, status in zip(CALLERS, statuses, strict=True)
]


@pytest.fixture
def people(customer, stranger, owner, superuser):
    return {"nobody": None, "stranger": stranger, "ann": customer, "owner": owner, "superuser": superuser}


def stored():
    """All that these requests might change, but for when somebody was last seen."""
    return (
        list(User.objects.order_by("pk").values()),
        list(Session.objects.order_by("pk").values_list("pk", "revoked_at")),
        Block.objects.count(),
        Report.objects.count(),
    )


@pytest.mark.parametrize(("method", "path", "body", "caller", "status"), ROWS)
def test_permissions(people, as_user, method, path, body, caller, status):
    session = open_pub_session(people["ann"]).session.pk
    client = as_user(people[caller])
    before = stored()

    response = client.send(method, path.format(ann=people["ann"].pk, owner=people["owner"].pk, session=session), body)

    assert response.status_code == status
    if status >= 400:
        assert stored() == before
        assert set(response.json()) >= {"error", "code"}


@pytest.mark.parametrize("path", [path for method, path, *_ in TABLE if method == "GET"])
def test_what_is_not_offered_is_405(people, as_user, path):
    response = as_user(people["ann"]).send("POST", path.format(ann=people["ann"].pk, owner=people["owner"].pk))

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("user_id", [0, 10**6, 2**63 - 1, 2**63, 10**30])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/customers/{}/"),
        ("PATCH", "/customers/{}/"),
        ("DELETE", "/customers/{}/"),
        ("POST", "/customers/{}/block/"),
        ("POST", "/customers/{}/unblock/"),
        ("POST", "/customers/{}/report/"),
    ],
)
def test_who_is_not_there_is_not_found(superuser, as_user, method, path, user_id):
    response = as_user(superuser).send(method, path.format(user_id), {"reason": "Shouts."})

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("act", ["block", "unblock", "report"])
def test_who_left_is_not_found(customer, stranger, as_user, act):
    User.objects.filter(pk=stranger.pk).update(is_active=False)

    response = as_user(customer).send("POST", f"/customers/{stranger.pk}/{act}/", {"reason": "Shouts."})

    assert response.status_code == 404
