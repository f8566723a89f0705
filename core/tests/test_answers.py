"""What a contract declares is what its answers look like, over one and the same service."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from conftest import ApiClient
from core.models import RateWindow
from core.surface.contract import Route
from core.tests.throwaway import bare, camel


def test_each_contract_spells_the_same_service_its_own_way(api):
    plain = api.send("POST", "/counters/", {"counter_name": "visits", "first_count": 3})
    wrapped = api.send("POST", "/throwaway/counters/", {"counterName": "scans", "firstCount": 4})

    assert (plain.status_code, plain.json()) == (201, {"counter_name": "visits", "current_count": 3})
    assert wrapped.status_code == 201
    assert wrapped.json() == {
        "ok": True,
        "data": {
            "counterName": "scans",
            "currentCount": 4,
            "startedAt": wrapped.json()["data"]["startedAt"],
            "isNew": False,
        },
    }
    assert wrapped.json()["data"]["startedAt"].endswith("Z")
    assert RateWindow.objects.filter(key__in=["visits", "scans"]).count() == 2


def test_no_content_has_no_envelope(api):
    api.send("POST", "/throwaway/counters/", {"counterName": "scans"})

    response = api.delete("/throwaway/counters/scans/")

    assert (response.status_code, response.content) == (204, b"")


def test_a_refusal_has_no_envelope(api):
    response = api.delete("/throwaway/counters/none/")

    assert response.status_code == 404
    assert response.json() == {"ok": False, "problem": {"name": "not_found", "text": "Not found."}, "fields": {}}


def test_keys_inside_a_clients_json_stay_as_they_are(api):
    sent = {"snake_key": {"inner_key": 1}, "camelKey": [{"a_b": None}], "": {"__x_y": True}}

    response = api.send("POST", "/throwaway/echo/", sent)

    assert response.json() == {"ok": True, "data": sent}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png;q=0.1", "nonsense"])
def test_answers_are_json_whatever_is_accepted(api, accept):
    response = api.get("/counters/", HTTP_ACCEPT=accept)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_failures_from_inside_and_outside_views_have_the_same_content_type(api):
    inside, outside = api.get("/trouble/gone/"), api.get("/nowhere/")

    assert inside["Content-Type"] == outside["Content-Type"] == "application/json"


def test_a_view_may_answer_in_another_form(api):
    response = api.get("/throwaway/form/")

    assert (response.status_code, response.content) == (200, b"<p>hello</p>")
    assert response["Content-Type"].startswith("text/html")


def test_a_contract_refuses_serializers_of_another_casing():
    class Misspelled(camel.CounterDetail):
        pass

    with pytest.raises(ImproperlyConfigured, match="bare does not spell as CounterOut does"):
        bare.BARE._pattern(Route("counters/", Misspelled))


def test_every_route_answers_with_and_without_its_slash(api):
    api.send("POST", "/counters/", {"counter_name": "visits"})

    for path in ("/counters", "/throwaway/counters", "/throwaway/form"):
        with_slash, without = api.get(f"{path}/"), api.get(path)
        assert (with_slash.status_code, without.status_code) == (200, 200)
        assert with_slash.content == without.content


def test_a_double_slash_is_another_path(api):
    assert api.get("/counters//").status_code == 404


def test_a_path_with_a_nul_byte_is_unknown(api):
    response = api.delete("/counters/a%00b/")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_head_answers_like_get_without_a_body(api, customer):
    member = ApiClient(customer)
    api.send("POST", "/counters/", {"counter_name": "visits"})

    for client, path in ((api, "/counters/"), (member, "/counters/visits/")):
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head["Content-Length"] == got["Content-Length"]


@pytest.mark.parametrize("path", ["/counters/visits/", "/throwaway/counters/visits"])
def test_a_method_without_an_entry_in_access_is_refused(api, customer, path):
    nobody, member = api.send("PUT", path, {}), ApiClient(customer).send("PUT", path, {})

    assert (nobody.status_code, member.status_code) == (401, 403)


def test_who_needs_a_token_is_told_how(api):
    response = api.get("/counters/visits/")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert response.json() == {
        "error": "Authentication credentials were not provided.",
        "code": "not_authenticated",
        "details": {},
    }
