import pytest
from django.urls import clear_url_caches

from conftest import ApiClient


@pytest.fixture
def two_contracts(settings):
    """The server speaks the two test contracts and nothing else."""
    settings.ROOT_URLCONF = "core.tests.throwaway.urls"
    settings.CONTRACTS = "core.tests.throwaway.urls.CONTRACTS"
    clear_url_caches()
    yield
    clear_url_caches()


@pytest.fixture
def api(two_contracts, db):
    return ApiClient()
