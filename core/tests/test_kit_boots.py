import pytest

from conftest import ApiClient


@pytest.mark.django_db
def test_unknown_path_answers_in_the_contracts_spelling():
    response = ApiClient().get("/no/such/path")

    assert response.status_code == 404
    assert response.json() == {"error": "Not found.", "code": "not_found"}
