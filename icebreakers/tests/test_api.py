import pytest

from conftest import ApiClient
from icebreakers.models import IceBreaker

pytestmark = pytest.mark.django_db
MISSING = {"error": "There is no such ice breaker.", "code": "no_ice_breaker"}


def make(text="Hello?", level=3, gender="any", **fields) -> dict:
    row = IceBreaker.objects.create(text=text, level=level, gender=gender, **fields)
    return {"id": row.pk, "text": text, "level": level, "gender": gender}


def test_everyone_reads_the_active_ones_without_a_token():
    first, second = make("One"), make("Two", level=1, gender="female")
    make("Withdrawn", is_active=False)

    response = ApiClient().send("GET", "/icebreakers")

    assert response.status_code == 200
    assert response.json() == [first, second]
    assert "Link" not in response


def test_level_and_gender_filter_and_any_is_for_everyone():
    male, anyone = make("For him", gender="male"), make("For all")
    make("For her", gender="female")
    make("Bolder", level=4, gender="male")

    assert ApiClient().send("GET", "/icebreakers?level=3&gender=male").json() == [male, anyone]
    assert ApiClient().send("GET", "/icebreakers/?gender=any").json() == [anyone]


def test_list_is_bounded_and_the_next_page_is_linked():
    rows = [make(f"Number {number}") for number in range(3)]

    first = ApiClient().send("GET", "/icebreakers?level=3&limit=2")
    link = first["Link"].split(">")[0].removeprefix("<")
    second = ApiClient().send("GET", link)

    assert first.json() == rows[:2]
    assert second.json() == rows[2:]
    assert "Link" not in second


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_one_query(count, django_assert_num_queries):
    for number in range(count):
        make(f"Number {number}")

    with django_assert_num_queries(1):
        response = ApiClient().send("GET", "/icebreakers")

    assert len(response.json()) == count


@pytest.mark.parametrize("count", [1, 3])
def test_random_takes_two_queries_and_finds_each(count, django_assert_num_queries):
    rows = [make(f"Number {number}") for number in range(count)]
    client = ApiClient()

    with django_assert_num_queries(2):
        client.send("GET", "/icebreakers/random/")
    found = [client.send("GET", "/icebreakers/random/?level=3&gender=male").json() for _ in range(60)]

    assert all(row in rows for row in found)
    assert all(row in found for row in rows)


def test_random_takes_the_same_filters():
    make("For her", gender="female")
    make("Bolder", level=4, gender="male")

    response = ApiClient().send("GET", "/icebreakers/random?level=3&gender=male")

    assert (response.status_code, response.json()) == (404, MISSING)


def test_random_of_none_is_not_found():
    make("Withdrawn", is_active=False)

    response = ApiClient().send("GET", "/icebreakers/random/")

    assert (response.status_code, response.json()) == (404, MISSING)


@pytest.mark.parametrize("path", ["/icebreakers", "/icebreakers/random/"])
@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("level=0", {"level": ["Ensure this value is greater than or equal to 1."]}),
        ("level=6", {"level": ["Ensure this value is less than or equal to 5."]}),
        ("level=-1", {"level": ["Ensure this value is greater than or equal to 1."]}),
        ("level=" + "9" * 400, {"level": ["Ensure this value is less than or equal to 5."]}),
        ("level=" + "9" * 5000, {"level": ["String value too large."]}),
        ("level=", {"level": ["A valid integer is required."]}),
        ("level=three", {"level": ["A valid integer is required."]}),
        ("level=%00", {"level": ["A valid integer is required."]}),
        ("gender=", {"gender": ["Choose one of: male, female, any."]}),
        ("gender=Male", {"gender": ["Choose one of: male, female, any."]}),
        ("gender=other", {"gender": ["Choose one of: male, female, any."]}),
        (
            "level=x&gender=x",
            {"level": ["A valid integer is required."], "gender": ["Choose one of: male, female, any."]},
        ),
    ],
)
def test_bad_filter_is_refused_by_name(path, query, fields):
    make()

    response = ApiClient().send("GET", f"{path}?{query}")

    assert response.status_code == 400
    assert response.json() == {"error": "The input is not valid.", "code": "invalid", "details": fields}


@pytest.mark.parametrize("query", ["gender=%00", "gender=%ff", "gender=" + "x" * 5000, "level=%ed%a0%80"])
@pytest.mark.parametrize("path", ["/icebreakers", "/icebreakers/random/"])
def test_hostile_filter_is_refused(path, query):
    response = ApiClient().send("GET", f"{path}?{query}")

    assert response.status_code == 400
    assert list(response.json()["details"]) == [query.split("=")[0]]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "cursor=forged"])
def test_bad_page_is_refused_by_name(query):
    response = ApiClient().send("GET", f"/icebreakers?{query}")

    assert response.status_code == 400
    assert list(response.json()["details"]) == [query.split("=")[0]]


@pytest.mark.parametrize("path", ["/icebreakers", "/icebreakers/random/"])
def test_everybody_may_read_and_nobody_may_write(path, as_user, customer, owner, superuser):
    make()

    for user in (None, customer, owner, superuser):
        statuses = {
            method: as_user(user).send(method, path, {"text": "x"}).status_code
            for method in ("POST", "PUT", "PATCH", "DELETE")
        }
        assert as_user(user).send("GET", path).status_code == 200
        assert statuses == dict.fromkeys(statuses, 405)
    assert IceBreaker.objects.count() == 1
