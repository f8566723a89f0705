"""What both contracts' views do; each contract names its serializers and is spelled by itself."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from core import errors
from core.surface.access import ANYONE, SIGNED_IN
from core.surface.serializers import Serializer
from core.surface.views import SurfaceView
from core.tests.throwaway import counters

TROUBLES: dict[str, Exception] = {
    "invalid": errors.Invalid(fields={"first_count": ["Too small."]}),
    "bad_credentials": errors.BadCredentials(),
    "forbidden": errors.Forbidden(),
    "not_found": errors.NotFound(),
    "conflict": errors.Conflict(details={"until": "tomorrow"}),
    "gone": errors.Gone(),
    "too_many_requests": errors.TooMany(retry_after=7),
    "unavailable": errors.Unavailable(),
    "http404": Http404("canary"),
    "permission_denied": PermissionDenied("canary"),
    "unforeseen": ValueError("canary ann@example.com"),
}


class CounterList(SurfaceView):
    access = {"GET": ANYONE, "POST": ANYONE}
    takes: ClassVar[type[Serializer]]
    shows: ClassVar[type[Serializer]]

    def get(self, request: Request) -> Response:
        return self.answer_page(counters.counters(), self.shows, order_by=("-started_at", "key"))

    def post(self, request: Request) -> Response:
        body: dict[str, Any] = self.body(self.takes)
        counter = counters.open_counter(counter_name=body["counter_name"], first_count=body["first_count"])
        response = self.answer(self.shows, counter, status=201)
        response["Location"] = f"{request.path}{counter.key}/"
        response.set_cookie("last_counter", counter.key, max_age=60, httponly=True, samesite="Lax")
        return response


class CounterDetail(SurfaceView):
    access = {"GET": SIGNED_IN, "POST": SIGNED_IN, "DELETE": ANYONE}
    shows: ClassVar[type[Serializer]]

    def get(self, request: Request, counter_name: str) -> Response:
        return self.answer(self.shows, counters.get_counter(counter_name))

    def post(self, request: Request, counter_name: str) -> Response:
        return Response({"count": counters.count_up(counter_name=counter_name)})

    def put(self, request: Request, counter_name: str) -> Response:
        raise AssertionError("no access is declared for PUT")

    def delete(self, request: Request, counter_name: str) -> Response:
        counters.get_counter(counter_name).delete()
        return Response(status=204)


class Tries(SurfaceView):
    """A service that counts and refuses, one that breaks, one that is limited."""

    access = {"POST": ANYONE}

    def post(self, request: Request, counter_name: str, how: str) -> Response:
        if how == "breaks":
            counters.break_after_counting(counter_name=counter_name)
        if how == "limited":
            raise errors.TooMany(retry_after=3)
        counters.try_counter(counter_name=counter_name)
        return Response(status=204)


class Trouble(SurfaceView):
    access = {"GET": ANYONE, "POST": ANYONE}

    def get(self, request: Request, name: str) -> Response:
        raise TROUBLES[name]

    def post(self, request: Request, name: str) -> Response:
        raise TROUBLES[name]


class Echo(SurfaceView):
    """Answers what the client sent, or nothing JSON knows."""

    access = {"POST": ANYONE, "GET": ANYONE}

    def post(self, request: Request) -> Response:
        return Response(request.data)

    def get(self, request: Request) -> Response:
        return Response({"unrenderable": object()})


class Form(SurfaceView):
    """Answers with another form than JSON."""

    access = {"GET": ANYONE}

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse("<p>hello</p>")
