from datetime import time

import pytest

from venues.models import OpeningHours

pytestmark = pytest.mark.django_db

# Kilometres north of the place that is asked about, along its meridian.
KM_PER_DEGREE = 111.195


def found(client, query):
    response = client.get(f"/venues/?{query}")
    assert response.status_code == 200, response.json()
    return [row["name"] for row in response.json()]


def walk(client, url):
    """The pages' names and distances, following `Link`."""
    pages = []
    while url:
        response = client.get(url)
        pages.append([(row["name"], row.get("distance_km")) for row in response.json()])
        url = response.headers["Link"].split(";")[0].strip("<>") if "Link" in response.headers else None
    return pages


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("query", ["", "?near=51.5,0&radius_km=100"])
def test_list_takes_as_many_queries_for_many(as_user, customer, make_venue, django_assert_num_queries, count, query):
    for number in range(count):
        venue = make_venue(f"Venue {number}", latitude=51.5, longitude=0)
        OpeningHours.objects.create(venue=venue, day=0, opens=time(9), closes=time(17))
    client = as_user(customer)

    with django_assert_num_queries(3):
        response = client.get(f"/venues/{query}")

    assert len(response.json()) == count


def test_pages_hold_every_venue_once(as_user, customer, make_venue):
    for number in range(5):
        make_venue(f"Venue {number}")

    pages = walk(as_user(customer), "/venues/?limit=2")

    assert [[name for name, _ in page] for page in pages] == [
        ["Venue 0", "Venue 1"],
        ["Venue 2", "Venue 3"],
        ["Venue 4"],
    ]


def test_filters_narrow(as_user, customer, owner, other_owner, make_venue):
    make_venue("Anchor", address="Park Street")
    make_venue("Luna", kind="restaurant", owner=other_owner)
    make_venue("Zero", kind="bar", status="suspended")
    client = as_user(customer)

    assert found(client, "kind=restaurant") == ["Luna"]
    assert found(client, "status=suspended") == ["Zero"]
    assert found(client, "q=park") == ["Anchor"]
    assert found(client, "q=LUN") == ["Luna"]
    assert found(client, "q=%25") == []
    assert found(client, "mine=true") == []
    assert found(as_user(owner), "mine=true") == ["Anchor", "Zero"]
    assert found(as_user(other_owner), "mine=true&kind=bar") == []


def test_near_sorts_by_distance_and_says_it(as_user, customer, make_venue):
    for name, away in (("far", 40), ("here", 0), ("close", 3), ("placeless", None)):
        place = {} if away is None else {"latitude": 51.5 + away / KM_PER_DEGREE, "longitude": -0.1}
        make_venue(name, **place)

    pages = walk(as_user(customer), "/venues/?near=51.5,-0.1")

    assert pages == [[("here", 0.0), ("close", 3.0), ("far", 40.0)]]


def test_radius_bounds(as_user, customer, make_venue):
    make_venue("north", latitude=51.5 + 9.9 / KM_PER_DEGREE, longitude=0)
    make_venue("in the box's corner", latitude=51.5 + 9 / KM_PER_DEGREE, longitude=9 / KM_PER_DEGREE / 0.6225)
    make_venue("beyond", latitude=51.5 + 10.1 / KM_PER_DEGREE, longitude=0)

    assert found(as_user(customer), "near=51.5,0&radius_km=10") == ["north"]


def test_radius_reaches_over_the_date_line_and_the_pole(as_user, customer, make_venue):
    make_venue("Fiji", latitude=-17, longitude=179.9)
    make_venue("Samoa's side", latitude=-17, longitude=-179.9)
    make_venue("Alert", latitude=89.9, longitude=-60)
    client = as_user(customer)

    assert found(client, "near=-17,179.95&radius_km=50") == ["Fiji", "Samoa's side"]
    assert found(client, "near=-17,-179.95&radius_km=50") == ["Samoa's side", "Fiji"]
    assert found(client, "near=89.9,120&radius_km=50") == ["Alert"]


def test_pages_by_distance_hold_every_venue_once_even_where_distances_are_equal(as_user, customer, make_venue):
    for number in range(7):
        make_venue(f"Venue {number}", latitude=48.85 + number // 3 * 0.01, longitude=2.35)

    pages = walk(as_user(customer), "/venues/?near=48.85661,2.352222&radius_km=20&limit=2")

    names = [name for page in pages for name, _ in page]
    distances = [distance for page in pages for _, distance in page]
    assert sorted(names) == [f"Venue {number}" for number in range(7)]
    assert (distances, [len(page) for page in pages]) == (sorted(distances), [2, 2, 2, 1])


def test_other_lists_cursor_is_refused(as_user, customer, make_venue):
    for number in range(2):
        make_venue(f"Venue {number}", latitude=51.5, longitude=0)
    client = as_user(customer)
    link = client.get("/venues/?limit=1").headers["Link"]
    cursor = link.split("cursor=")[1].split("&")[0].split(">")[0]

    response = client.get(f"/venues/?near=51.5,0&limit=1&cursor={cursor}")

    assert (response.status_code, list(response.json()["details"])) == (400, ["cursor"])
