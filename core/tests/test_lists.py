"""Every list is bounded, and its pages hold together while rows come and go."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import RateWindow

START = timezone.now().replace(microsecond=123456)


def make(*names, started_at=START):
    RateWindow.objects.bulk_create(RateWindow(key=name, count=0, started_at=started_at) for name in names)


def names_of(response):
    assert response.status_code == 200
    return [row["counter_name"] for row in response.json()]


def next_of(response):
    found = re.fullmatch(r'<(http://testserver(/.*))>; rel="next"', response["Link"])
    return found[2]


def all_pages(api, path):
    pages = []
    while path:
        response = api.get(path)
        pages.append(names_of(response))
        path = next_of(response) if response.has_header("Link") else None
    return pages


def test_pages_follow_one_another_and_the_last_has_no_link(api):
    make("a", "b", "c", "d", "e")

    assert all_pages(api, "/counters/?limit=2") == [["a", "b"], ["c", "d"], ["e"]]


def test_a_page_that_is_just_full_is_the_last(api):
    make("a", "b")

    assert not api.get("/counters/?limit=2").has_header("Link")


def test_the_link_keeps_what_else_was_asked_and_the_path_as_it_was(api):
    make("a", "b")

    link = next_of(api.get("/counters?limit=1&venue=3&near=1%2C2"))

    assert link.startswith("/counters?")
    assert {"limit=1", "venue=3", "near=1%2C2"} < set(link.partition("?")[2].split("&"))


def test_pages_are_stable_while_rows_are_added_and_removed(api):
    make("d", "f", "h", "j")
    first = api.get("/counters/?limit=2")

    make("a", "e", "g")
    make("newest", started_at=START + timedelta(hours=1))
    RateWindow.objects.filter(key="f").delete()
    second = api.get(next_of(first))

    assert names_of(first) == ["d", "f"]
    assert names_of(second) == ["g", "h"]


def test_rows_a_microsecond_apart_are_told_apart(api):
    for step in range(6):
        make(f"row{step}", started_at=START + timedelta(microseconds=step))

    assert all_pages(api, "/counters/?limit=1") == [[f"row{step}"] for step in reversed(range(6))]


@pytest.mark.parametrize("n", [1, 3])
def test_a_list_takes_one_query(api, django_assert_num_queries, n):
    make(*"abc"[:n])

    with django_assert_num_queries(1):
        response = api.get("/counters/")

    assert len(response.json()) == n


def test_fifty_rows_unless_asked_and_never_more_than_two_hundred(api):
    make(*(f"{number:03}" for number in range(210)))

    assert len(names_of(api.get("/counters/"))) == 50
    assert len(names_of(api.get("/counters/?limit=200"))) == 200
    assert len(names_of(api.get("/counters/?limit=201"))) == 200
    assert len(names_of(api.get(f"/counters/?limit={10**30}"))) == 200


@pytest.mark.parametrize("limit", ["0", "-1", "abc", "", "1.5", "%00", "1e3", "٣" * 1001])
def test_a_bad_limit_is_400(api, limit):
    response = api.get(f"/counters/?limit={limit}")

    assert response.status_code == 400
    assert list(response.json()["details"]) == ["limit"]


@pytest.mark.parametrize("cursor", ["abc", "a:b:c", "%00", "%ff%fe", ":", "💥", "x" * 1001, "WyJhIl0:1:2"])
def test_a_forged_cursor_is_400(api, cursor):
    response = api.get(f"/counters/?cursor={cursor}")

    assert response.status_code == 400
    assert list(response.json()["details"]) == ["cursor"]


def test_a_cursor_that_was_changed_is_400(api):
    make("a", "b")
    link = next_of(api.get("/counters/?limit=1"))

    response = api.get(link.replace("cursor=", "cursor=A"))

    assert response.json()["details"] == {"cursor": ["This cursor is not one of this list's."]}


def test_a_list_in_an_envelope_has_its_link_in_the_header(api):
    make("a", "b")

    response = api.get("/throwaway/counters/?limit=1")

    assert [row["counterName"] for row in response.json()["data"]] == ["a"]
    assert next_of(response).startswith("/throwaway/counters/?")
