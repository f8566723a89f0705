"""What machines ask for, and not people: alive, ready, metrics."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
EXEMPT_FROM_HTTPS = [rf"^{path[1:]}/?$" for path in sorted(PATHS)]


class AnyHostMiddleware:
    """Machines call a server by its address, plainly, and nothing these answer depends on a name: any will do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.removesuffix("/") in PATHS:
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].removeprefix(".")
        return self.get_response(request)
