"""Browsers that hold a Pulseboard session as cookies."""

from datetime import timedelta

from django.http import HttpResponse

from accounts.api.pulseboard.cookies import hand_over
from accounts.models import User
from accounts.services.sessions import open_session
from conftest import ApiClient
from core.sessions import SessionPolicy

COOKIES = {"access_token", "refresh_token", "id_token"}
POLICY = SessionPolicy(surface="pulseboard", access=timedelta(minutes=15), refresh=timedelta(days=30))


def browser_of(user: User) -> ApiClient:
    browser, answer = ApiClient(), HttpResponse()
    hand_over(answer, user, open_session(user=user, policy=POLICY).tokens)
    browser.cookies.update(answer.cookies)
    return browser


def forget_access(browser: ApiClient) -> ApiClient:
    """As browsers do when the cookie's time is over."""
    for name in ("access_token", "id_token"):
        browser.cookies.pop(name, None)
    return browser


def cleared(answer) -> bool:
    """Whether the answer takes all three cookies back, each from where it was set."""
    return {
        name: (cookie.value, cookie["max-age"], cookie["path"], cookie["samesite"])
        for name, cookie in answer.cookies.items()
    } == {
        "access_token": ("", 0, "/", "Lax"),
        "refresh_token": ("", 0, "/api/", "Lax"),
        "id_token": ("", 0, "/", "Lax"),
    }
