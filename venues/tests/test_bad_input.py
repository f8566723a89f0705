"""What no venue's field may be: refused with the field named, and nothing is stored."""

import json

import pytest

from venues.models import Presence, Scan, Venue

pytestmark = pytest.mark.django_db

MINIMUM = {"name": "New", "qr_settings": {"qr_gen_frequency_hours": 24}}
SPAN = {"day": "monday", "opens": "17:00", "closes": "02:00"}
HUGE = 10**400
NOT_TEXT = (None, 1, True, [], {}, "nul\0byte")
NOT_INTEGERS = (None, "24", 1.5, True, [], {}, HUGE, -HUGE)

# For each field what it may not be; those named first must not be missing either.
FIELDS = {
    "name": (*NOT_TEXT, "", "   ", "x" * 121),
    "kind": (None, "", "club", 1, True, [], {}, "pub\0"),
    "status": (None, "", "open", 1, [], {}),
    "owner": ("1", 1.5, True, [], {}, 0, -1, HUGE),
    "address": (*NOT_TEXT, "x" * 256),
    "latitude": ("51", True, [], {}, 90.1, -90.1, HUGE),
    "longitude": ("0", True, [], {}, 180.1, -180.1, -HUGE),
    "time_zone": (*NOT_TEXT, "", "Mars/Olympus", "../../etc/passwd", "europe/london", "x" * 65),
    "contact_name": (*NOT_TEXT, "x" * 121),
    "contact_email": (*NOT_TEXT, "nobody", "a@b", "x" * 250 + "@example.com"),
    "contact_phone": (*NOT_TEXT, "1" * 21),
    "check_in_hours": (*NOT_INTEGERS, 0, 49),
    "radius_meters": (*NOT_INTEGERS, 0, 100_001),
    "opening_hours": (None, 1, "always", {}, [1], [[]], [{}], [SPAN] * 51),
    "qr_settings": (None, 1, "24", [], True),
    "qr_settings.qr_gen_frequency_hours": (*NOT_INTEGERS, 0, 8761),
    "opening_hours.0.day": (None, "", "Monday", "mon", 0, [], {}),
    "opening_hours.0.opens": (None, "", "5pm", "24:00", "17:00Z", "17:00+01:00", 17, [], "17:00\0"),
    "opening_hours.0.closes": (None, "", "25:00", "-1:00", "2026-03-02T17:00:00", 2.5, {}),
}
CASES = [(field, value) for field, values in FIELDS.items() for value in values]


def with_wrong(field, value):
    if field.startswith("opening_hours."):
        return {**MINIMUM, "opening_hours": [{**SPAN, field.rsplit(".", 1)[1]: value}]}
    if field.startswith("qr_settings."):
        return {**MINIMUM, "qr_settings": {"qr_gen_frequency_hours": value}}
    return {**MINIMUM, field: value}


@pytest.mark.parametrize(("field", "value"), CASES)
def test_wrong_field_is_named(as_user, owner, venue, field, value):
    before = Venue.objects.values().get()
    client = as_user(owner)

    for method, path in (("POST", "/venues/"), ("PUT", f"/venues/{venue.pk}/"), ("PATCH", f"/venues/{venue.pk}/")):
        response = client.send(method, path, with_wrong(field, value))

        assert (response.status_code, response.json()["code"]) == (400, "invalid")
        assert all(named.startswith(field) for named in response.json()["details"])

    assert Venue.objects.values().get() == before


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({}, {"name", "qr_settings"}),
        ({"name": "New"}, {"qr_settings"}),
        ({"name": "New", "qr_settings": {}}, {"qr_settings.qr_gen_frequency_hours"}),
        ({**MINIMUM, "opening_hours": [{"day": "monday"}]}, {"opening_hours.0.opens", "opening_hours.0.closes"}),
    ],
)
def test_missing_field_is_named(as_user, owner, body, missing):
    response = as_user(owner).send("POST", "/venues/", body)

    assert (response.status_code, set(response.json()["details"])) == (400, missing)


@pytest.mark.parametrize("body", ["", "{", "[]", "1", "null", '"x"', '{"name": NaN}', '{"name": "\\ud800"}', "\0", "é"])
@pytest.mark.parametrize("path", ["/venues/", "/venues/check-in/"])
def test_body_that_is_no_object_is_refused(as_user, customer, owner, body, path):
    client = as_user(owner if path == "/venues/" else customer)

    response = client.post(path, data=body.encode("latin-1"), content_type="application/json")

    assert response.status_code == 400
    assert not Venue.objects.exists()


@pytest.mark.parametrize("number", ["1e999", "-1e999", "Infinity", "NaN"])
def test_number_that_is_none_is_refused(as_user, owner, number):
    body = json.dumps(MINIMUM)[:-1] + f', "latitude": {number}, "longitude": 0}}'

    response = as_user(owner).post("/venues/", data=body, content_type="application/json")

    assert response.status_code == 400
    assert not Venue.objects.exists()


def test_name_may_hold_any_text(as_user, owner):
    name = "Ñandú 🍺 \u202e <script>alert(1)</script> ' ; --"

    response = as_user(owner).send("POST", "/venues/", {**MINIMUM, "name": name})

    assert (response.status_code, response.json()["name"]) == (201, name)


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("near", "near="),
        ("near", "near=51.5"),
        ("near", "near=51.5,0,0"),
        ("near", "near=here,there"),
        ("near", "near=91,0"),
        ("near", "near=0,-180.5"),
        ("near", "near=nan,nan"),
        ("near", "near=inf,0"),
        ("near", "near=1%00,0"),
        ("near", "near=" + "1" * 200 + ",0"),
        ("radius_km", "near=0,0&radius_km=0"),
        ("radius_km", "near=0,0&radius_km=-1"),
        ("radius_km", "near=0,0&radius_km=nan"),
        ("radius_km", "near=0,0&radius_km=inf"),
        ("radius_km", "near=0,0&radius_km=1e9"),
        ("radius_km", "radius_km=near"),
        ("kind", "kind=club"),
        ("kind", "kind="),
        ("status", "status=open"),
        ("status", "status=%00"),
        ("q", "q=" + "x" * 101),
        ("q", "q=a%00b"),
        ("mine", "mine=perhaps"),
        ("limit", "limit=0"),
        ("limit", "limit=many"),
        ("cursor", "cursor=forged"),
        ("cursor", "cursor=" + "x" * 1001),
    ],
)
def test_wrong_query_is_named(as_user, customer, venue, field, query):
    response = as_user(customer).get(f"/venues/?{query}")

    assert (response.status_code, list(response.json()["details"])) == (400, [field])


@pytest.mark.parametrize("query", ["q=%ed%a0%80", "q=%ff", "q=%27%20or%201=1--", "unknown=1", "limit=9999", "q="])
def test_odd_query_is_served(as_user, customer, venue, query):
    assert as_user(customer).get(f"/venues/?{query}").status_code == 200


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("var_id", {}),
        *(("var_id", {"var_id": value}) for value in (*NOT_TEXT, "", "x" * 65)),
        *(("latitude", {"var_id": "v1", "latitude": value, "longitude": 0}) for value in ("0", True, [], 91, HUGE)),
        *(("longitude", {"var_id": "v1", "latitude": 0, "longitude": value}) for value in ("0", {}, -181, -HUGE)),
        ("latitude", {"var_id": "v1", "longitude": 0}),
        ("longitude", {"var_id": "v1", "latitude": 0}),
    ],
)
def test_wrong_check_in_is_named(as_user, customer, named, field, body):
    response = as_user(customer).send("POST", "/venues/check-in/", body)

    assert (response.status_code, list(response.json()["details"])) == (400, [field])
    assert not Presence.objects.exists()
    assert not Scan.objects.exists()


@pytest.mark.parametrize("path", ["/venues/-1/", "/venues/1.5/", "/venues/x/", "/venues/%00/", "/venues/1/qr.gif"])
def test_path_of_no_venue_is_404(as_user, owner, path):
    response = as_user(owner).get(path)

    assert (response.status_code, response.json()) == (404, {"error": "Not found.", "code": "not_found"})
