"""What happens to every request before and after its view, whichever contract it belongs to."""

import logging
import math
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError

from core.request_context import choose_request_id, request_id
from core.surface.answers import plain_failure_response
from core.surface.failure import Failure, failure_of
from core.surface.fallback import contract_of

GetResponse = Callable[[HttpRequest], HttpResponse]

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
            route = request.resolver_match.route if request.resolver_match else "unmatched"
            elapsed = (time.perf_counter() - started) * 1000
            access_log.info("%s %s %d %.1f ms", request.method, route, response.status_code, elapsed)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = chosen
        return response


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
