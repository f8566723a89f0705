"""A request with an Idempotency-Key is carried out once; its repetitions get the first answer."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from conftest import ApiClient
from core import idempotency
from core.models import IdempotentRequest, RateWindow

KEY = {"HTTP_IDEMPOTENCY_KEY": "key-1"}
BODY = {"counterName": "visits"}
PATH = "/throwaway/counters/"


def code_of(response):
    return response.status_code, response.json()["problem"]["name"]


def test_a_repetition_gets_the_first_answer_again(api):
    first = api.send("POST", PATH, BODY, **KEY)
    again = api.send("POST", PATH, BODY, **KEY)

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again["Location"] == "/throwaway/counters/visits/"
    assert again.cookies.output() == first.cookies.output()
    assert again.cookies["last_counter"]["httponly"] is True
    assert RateWindow.objects.filter(key="visits").count() == 1


def test_a_repetition_without_the_slash_is_the_same_request(api):
    api.send("POST", PATH, BODY, **KEY)

    assert api.send("POST", PATH.rstrip("/"), BODY, **KEY).status_code == 201


def test_without_a_key_each_request_counts(api):
    api.send("POST", PATH, BODY)

    assert code_of(api.send("POST", PATH, BODY)) == (409, "counter_taken")


def test_the_same_key_with_another_request_is_409(api):
    api.send("POST", PATH, BODY, **KEY)

    assert code_of(api.send("POST", PATH, {"counterName": "other"}, **KEY)) == (409, "idempotency_key_reused")
    assert code_of(api.send("POST", f"{PATH}?a=1", BODY, **KEY)) == (409, "idempotency_key_reused")
    assert RateWindow.objects.count() == 1


def test_the_same_key_elsewhere_is_another_one(api):
    api.send("POST", PATH, BODY, **KEY)

    assert api.delete("/throwaway/counters/visits/", **KEY).status_code == 204


def test_nothing_is_an_answer_too(api):
    api.send("POST", PATH, BODY)

    first = api.delete("/throwaway/counters/visits/", **KEY)
    again = api.delete("/throwaway/counters/visits/", **KEY)

    assert [(answer.status_code, answer.content) for answer in (first, again)] == [(204, b"")] * 2


def test_a_safe_request_takes_no_key(api):
    api.get(PATH, **KEY)

    assert not IdempotentRequest.objects.exists()


def test_a_key_is_its_users_own(api, customer, stranger):
    api.send("POST", PATH, BODY)
    clients = [ApiClient(customer), ApiClient(stranger), ApiClient(customer)]

    answers = [client.send("POST", "/throwaway/counters/visits/", **KEY).json()["data"] for client in clients]

    assert answers == [{"count": 1}, {"count": 2}, {"count": 1}]


def test_a_key_is_its_addresss_own_where_nobody_is_signed_in(api):
    elsewhere = ApiClient(REMOTE_ADDR="10.0.0.9")

    answers = [client.send("POST", PATH, BODY, **KEY) for client in (api, elsewhere, api, elsewhere)]

    assert [answer.status_code for answer in answers] == [201, 409, 201, 409]


def test_a_refusal_is_kept_and_what_its_service_counted_stays(api):
    api.send("POST", PATH, BODY)

    answers = [api.post("/throwaway/counters/visits/refused/", **KEY) for _ in range(3)]

    assert [code_of(answer) for answer in answers] == [(400, "counter_full")] * 3
    assert RateWindow.objects.get(key="visits").count == 1


def test_a_failure_of_ours_is_rolled_back_and_not_kept(api):
    api.send("POST", PATH, BODY)

    first = api.post("/throwaway/counters/visits/breaks/", **KEY)
    again = api.post("/throwaway/counters/visits/breaks/", **KEY)

    assert code_of(first) == code_of(again) == (500, "internal_error")
    assert RateWindow.objects.get(key="visits").count == 0
    assert not IdempotentRequest.objects.exists()


def test_too_many_may_be_tried_again_with_the_same_key(api):
    answers = [api.post("/throwaway/counters/visits/limited/", **KEY) for _ in range(2)]

    assert [(answer.status_code, answer["Retry-After"]) for answer in answers] == [(429, "3")] * 2
    assert not IdempotentRequest.objects.exists()


def test_a_request_in_flight_is_409_with_retry_after(api):
    api.send("POST", PATH, BODY, **KEY)
    IdempotentRequest.objects.update(answer="")

    response = api.send("POST", PATH, BODY, **KEY)

    assert code_of(response) == (409, "idempotency_in_progress")
    assert response["Retry-After"] == "1"


def test_a_claim_that_ran_out_is_taken_over(api):
    api.send("POST", PATH, BODY, **KEY)
    RateWindow.objects.all().delete()
    IdempotentRequest.objects.update(answer="", claimed_until=timezone.now() - timedelta(seconds=1))

    assert api.send("POST", PATH, BODY, **KEY).status_code == 201
    assert RateWindow.objects.count() == 1


def test_work_that_outlived_its_claim_is_undone(api):
    """Another worker took the key over while this one was at it."""
    mine = idempotency.claim(caller="ann", path="/", key="k", request="r")
    IdempotentRequest.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    theirs = idempotency.claim(caller="ann", path="/", key="k", request="r")

    with pytest.raises(idempotency.ClaimLost):
        mine.complete("mine")
    mine.release()
    theirs.complete("theirs")

    assert idempotency.claim(caller="ann", path="/", key="k", request="r").answer == "theirs"


def test_a_key_lasts_a_day(api):
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        api.send("POST", PATH, BODY, **KEY)
        clock.shift(timedelta(hours=23, minutes=59))
        assert api.send("POST", PATH, BODY, **KEY).status_code == 201
        clock.shift(timedelta(minutes=2))
        assert code_of(api.send("POST", PATH, BODY, **KEY)) == (409, "counter_taken")


def test_old_answers_are_purged(api):
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        api.send("POST", PATH, BODY, **KEY)
        assert idempotency.purge_answers() == 0
        clock.shift(timedelta(hours=25))
        assert idempotency.purge_answers() == 1


def test_an_answer_is_sealed_at_rest(api):
    api.send("POST", PATH, BODY, **KEY)

    row = IdempotentRequest.objects.values().get()

    assert not any(word in str(row) for word in ("visits", "key-1", "127.0.0.1", "counter"))


@pytest.mark.parametrize("key", ["k" * 256, "a\x7fb", "tab\there"])
def test_a_key_that_is_not_sane_is_400(api, key):
    response = api.send("POST", PATH, BODY, HTTP_IDEMPOTENCY_KEY=key)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["Idempotency-Key"]
