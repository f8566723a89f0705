"""Who gets what from every endpoint of venues, and that a refusal changes nothing."""

import pytest

from venues.models import OpeningHours, Presence, Scan, VarId, Venue, Visit

pytestmark = pytest.mark.django_db

WHO = ("nobody", "customer", "owner", "other_owner", "superuser")
NEW = {"name": "New", "qr_settings": {"qr_gen_frequency_hours": 24}}
# method, path, body, and the status for each of WHO.
TABLE = [
    ("GET", "/venues/", None, (401, 200, 200, 200, 200)),
    ("POST", "/venues/", NEW, (401, 403, 201, 201, 201)),
    ("GET", "/venues/{venue}/", None, (401, 200, 200, 200, 200)),
    ("PUT", "/venues/{venue}/", NEW, (401, 403, 200, 404, 200)),
    ("PATCH", "/venues/{venue}/", {"name": "New"}, (401, 403, 200, 404, 200)),
    ("DELETE", "/venues/{venue}/", None, (401, 403, 204, 404, 204)),
    ("GET", "/venues/{closed}/", None, (401, 404, 200, 404, 200)),
    ("PATCH", "/venues/{closed}/", {"name": "New"}, (401, 403, 200, 404, 200)),
    ("POST", "/venues/{venue}/generate-var-id/", None, (401, 403, 200, 404, 200)),
    ("GET", "/venues/{venue}/qr/", None, (401, 403, 200, 404, 200)),
    ("GET", "/venues/{venue}/qr.png", None, (401, 403, 200, 404, 200)),
    ("GET", "/venues/{venue}/qr.svg", None, (401, 403, 200, 404, 200)),
    ("POST", "/venues/check-in/", {"var_id": "v1"}, (401, 200, 403, 403, 403)),
    ("POST", "/venues/check-out/", None, (401, 200, 403, 403, 403)),
    ("GET", "/venues/999999/", None, (401, 404, 404, 404, 404)),
    ("PATCH", "/venues/999999/", {"name": "New"}, (401, 403, 404, 404, 404)),
    ("DELETE", "/venues/{huge}/", None, (401, 403, 404, 404, 404)),
    ("GET", "/venues/{huge}/qr/", None, (401, 403, 404, 404, 404)),
]
CASES = [
    (method, path, body, who, status)
    for method, path, body, statuses in TABLE
    for who, status in zip(WHO, statuses, strict=True)
]


def everything():
    models = (Venue, OpeningHours, VarId, Scan, Presence, Visit)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize(("method", "path", "body", "who", "status"), CASES)
def test_permission(request, as_user, make_venue, named, method, path, body, who, status):
    closed = make_venue("Closed", status="closed")
    client = as_user(None if who == "nobody" else request.getfixturevalue(who))
    before = everything()

    response = client.send(method, path.format(venue=named.venue_id, closed=closed.pk, huge=10**30), body)

    assert response.status_code == status
    if status >= 400:
        assert everything() == before
        assert set(response.json()) == {"error", "code"}
