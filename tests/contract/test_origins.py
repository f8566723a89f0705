"""A browser sends its cookies along whoever's page asks: what would change something is refused to foreign pages."""

import pytest

from tests.contract.effects import effect_of
from tests.contract.operations import OPERATIONS
from tests.contract.test_permissions import send

BY_COOKIE = [
    operation
    for operation in OPERATIONS
    if operation.method != "GET" and (operation.needs_token or str(operation) == "POST /api/logout/")
]
OURS = ({}, {"HTTP_ORIGIN": "http://testserver"}, {"HTTP_ORIGIN": "http://localhost:3000"})
FOREIGN = (
    {"HTTP_ORIGIN": "https://evil.example"},
    {"HTTP_ORIGIN": "null"},
    {"HTTP_SEC_FETCH_SITE": "cross-site"},
)


@pytest.mark.parametrize("operation", BY_COOKIE, ids=str)
def test_a_foreign_page_changes_nothing_with_a_browsers_cookies_and_ours_do(operation, people, opened):
    def effect_from(page):
        browser = people[operation.sender].as_browser()
        browser.defaults.update(page)
        return effect_of(lambda: send(browser, operation, opened))

    refused = [effect_from(page) for page in FOREIGN]

    assert [(one.answer.status_code, one.answer.json()["code"]) for one in refused] == [(403, "foreign_origin")] * 3
    assert all(one.before == one.after for one in refused)
    assert all(effect_from(page).answer.status_code != 403 for page in OURS)
