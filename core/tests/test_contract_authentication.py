"""A contract may say how its clients are known, and what that leaves to say on the answer."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.response import Response

from core.surface.access import ANYONE, SIGNED_IN
from core.surface.authentication import AnsweringAuthentication
from core.surface.views import SurfaceView
from core.tests.throwaway.bare import BARE


class Guest(AnonymousUser):
    pk = 1
    is_authenticated = True


class Knock(AnsweringAuthentication):
    """By a header; tells on the answer what it heard."""

    heard = ""

    def authenticate(self, request):
        self.heard = request.headers.get("Knock", "")
        if self.heard == "wrong":
            raise AuthenticationFailed("Go away.")
        return (Guest(), None) if self.heard else None

    def conclude(self, response):
        response["Heard"] = f"{self.heard} {response.status_code}"


class Door(SurfaceView):
    access = {"GET": SIGNED_IN, "POST": ANYONE, "DELETE": SIGNED_IN}

    def get(self, request):
        return Response({"is_open": True})

    def post(self, request):
        return Response({"is_open": True})

    def delete(self, request):
        raise ZeroDivisionError


door = Door.as_view(contract=replace(BARE, authentication=Knock))


@pytest.mark.parametrize(
    ("method", "knock", "status", "heard"),
    [
        ("GET", "right", 200, "right 200"),
        ("GET", "wrong", 401, "wrong 401"),
        ("GET", "", 401, " 401"),
        ("POST", "right", 200, None),
        ("POST", "wrong", 200, None),
        ("DELETE", "right", 500, "right 500"),
        ("PATCH", "right", 405, " 405"),
    ],
)
def test_it_is_asked_where_a_token_is_needed_and_has_the_last_word(method, knock, status, heard):
    request = RequestFactory().generic(method, "/door/", headers={"Knock": knock} if knock else {})

    answer = door(request)

    assert (answer.status_code, answer.get("Heard")) == (status, heard)


def test_each_request_has_its_own():
    answers = [door(RequestFactory().get("/door/", headers={"Knock": knock})) for knock in ("one", "two")]

    assert [answer["Heard"] for answer in answers] == ["one 200", "two 200"]
