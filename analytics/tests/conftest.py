import pytest

from analytics import services


@pytest.fixture(autouse=True)
def _days_are_closed_in_few_parts(monkeypatch):
    """A year of weeks is what closing takes long for."""
    monkeypatch.setattr(services, "DAYS_AT_ONCE", 92)
