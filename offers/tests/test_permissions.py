"""Who may do what: each caller's status for each operation, and that a refusal changes nothing."""

import pytest
from django.utils import timezone

from offers.models import Offer, Redemption

CALLERS = ("nobody", "customer", "guest", "influencer", "owner", "other_owner", "superuser")
PUT = {"title": "New", "starts_at": "2026-03-01T18:00:00Z", "expires_at": "2026-03-01T19:00:00Z"}

# `guest` is a customer at the venue, `owner` the venue's.
TABLE = [
    ("GET", "/offers/", None, (401, 200, 200, 200, 200, 200, 200)),
    ("POST", "/offers/", {**PUT, "venue": "{venue}"}, (401, 403, 403, 403, 201, 400, 201)),
    ("GET", "/offers/{offer}/", None, (401, 200, 200, 200, 200, 200, 200)),
    ("PUT", "/offers/{offer}/", {**PUT, "venue": "{venue}"}, (401, 403, 403, 403, 200, 404, 200)),
    ("PATCH", "/offers/{offer}/", {"title": "New"}, (401, 403, 403, 403, 200, 404, 200)),
    ("DELETE", "/offers/{offer}/", None, (401, 403, 403, 403, 204, 404, 204)),
    ("GET", "/offers/{withdrawn}/", None, (401, 404, 404, 404, 200, 404, 200)),
    ("PATCH", "/offers/{withdrawn}/", {"title": "New"}, (401, 403, 403, 403, 404, 404, 404)),
    ("GET", "/offers/{offer}/eligibility/", None, (401, 200, 200, 403, 403, 403, 403)),
    ("GET", "/offers/{withdrawn}/eligibility/", None, (401, 404, 404, 403, 403, 403, 403)),
    ("POST", "/venues/redeem-offer/", {"offer_id": "{offer}"}, (401, 403, 200, 403, 403, 403, 403)),
    ("POST", "/venues/redeem-offer/", {"offer_id": "{withdrawn}"}, (401, 404, 404, 403, 403, 403, 403)),
    ("POST", "/venues/delete-offer/", {"id": "{offer}"}, (401, 403, 403, 403, 200, 404, 200)),
    ("POST", "/venues/delete-offer/", {"id": "{withdrawn}"}, (401, 403, 403, 403, 404, 404, 404)),
]
CASES = [
    (method, path, body, caller, status)
    for method, path, body, statuses in TABLE
    for caller, status in zip(CALLERS, statuses, strict=True)
]


@pytest.fixture
def callers(customer, owner, other_owner, superuser, make_user, check_in):
    guest = make_user("guest")
    check_in(guest)
    people = {"customer": customer, "guest": guest, "owner": owner, "other_owner": other_owner}
    return people | {"superuser": superuser, "influencer": make_user("ivy", "influencer"), "nobody": None}


@pytest.mark.parametrize(("method", "path", "body", "caller", "status"), CASES)
def test_everyone_may_do_what_is_theirs(as_user, callers, offer, make_offer, method, path, body, caller, status):
    ids = {"offer": offer.pk, "withdrawn": make_offer("Old", withdrawn_at=timezone.now()).pk, "venue": offer.venue_id}
    if body is not None:
        body = {name: value.format(**ids) for name, value in body.items()}
        body |= {"venue": offer.venue_id} if "venue" in body else {}
    before = stored()

    response = as_user(callers[caller]).send(method, path.format(**ids), body)

    assert response.status_code == status
    changed = status < 300 and method != "GET"
    assert (stored() != before) == changed


def stored():
    return (list(Offer.objects.order_by("pk").values()), list(Redemption.objects.values()))
