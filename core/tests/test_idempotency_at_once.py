"""Real threads, each with a connection of its own, through the whole HTTP stack."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from conftest import ApiClient
from core.models import RateWindow

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_five_hundred_requests_with_one_key_make_one_row(two_contracts):
    def post(number):
        try:
            response = ApiClient().send(
                "POST", "/throwaway/counters/", {"counterName": "visits"}, HTTP_IDEMPOTENCY_KEY="one"
            )
            return response.status_code, response.json().get("problem", {}).get("name")
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = Counter(pool.map(post, range(500)))

    assert RateWindow.objects.count() == 1
    assert answers.keys() <= {(201, None), (409, "idempotency_in_progress")}
    assert answers[201, None] >= 1
