"""What happens to every request before and after its view, whichever contract it belongs to."""

import logging
import math
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import ResolverMatch

from core.figures import Request, Requests
from core.request_context import choose_request_id, request_id
from core.surface.answers import plain_failure_response
from core.surface.failure import Failure, failure_of
from core.surface.fallback import contract_of

GetResponse = Callable[[HttpRequest], HttpResponse]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"

requests = Requests()

access_log = logging.getLogger("access")


class RequestIdMiddleware:
    """Names the request on its answer and in its log lines, and logs it by route: a path or query may be personal."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = choose_request_id(request.headers.get("X-Request-ID", ""))
        token = request_id.set(chosen)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            _note(request, response.status_code, time.perf_counter() - started)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = chosen
        return response


def _note(request: HttpRequest, status: int, seconds: float) -> None:
    """A method is the client's word like any other: one that is none is not repeated."""
    match = request.resolver_match
    method = request.method if request.method in METHODS else "OTHER"
    route = (match.route if match else "") or UNMATCHED
    milliseconds = round(seconds * 1000, 1)
    facts = {
        "method": method,
        "route": route,
        "status": status,
        "duration_ms": milliseconds,
        "surface": _surface_of(request, match),
    }
    requests.note(Request(method, route, status), seconds)
    access_log.info("%s %s %d %s ms", method, route, status, milliseconds, extra={"facts": facts})


def _surface_of(request: HttpRequest, match: ResolverMatch | None) -> str:
    """The contract it belongs to; what belongs to none is the admin's or the house's own."""
    if match is None or not match.route:
        return contract_of(request).name
    contract = getattr(match.func, "initkwargs", {}).get("contract")
    return contract.name if contract is not None else match.namespace or "house"


class RefusalMiddleware:
    """Refuses, in the contract's spelling, what no view should see: a foreign host, a body too large or cut off."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
            if request.content_type != "multipart/form-data":
                _read_body(request)
        except DisallowedHost:
            failure = Failure(400, "bad_host", "This host is not served here.")
            return plain_failure_response(contract_of(request), failure)
        except (RequestDataTooBig, UnreadablePostError) as refusal:
            return plain_failure_response(contract_of(request), failure_of(refusal))
        return self.get_response(request)


def _read_body(request: HttpRequest) -> None:
    """A chunked body announces no length: it is bounded all the same, and given the length DRF looks for."""
    if len(request.body) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or math.inf):
        raise RequestDataTooBig
    request.META.setdefault("CONTENT_LENGTH", str(len(request.body)))
