"""Both contracts on one server, as `config/urls.py` mounts the real ones."""

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path

from core.surface import fallback
from core.tests.throwaway.bare import BARE
from core.tests.throwaway.camel import CAMEL

CONTRACTS = (BARE, CAMEL)


def page_with_a_form(request: HttpRequest) -> HttpResponse:
    """Guarded by CSRF, as the admin's pages are."""
    return HttpResponse("posted")


def broken_page(request: HttpRequest, name: str) -> HttpResponse:
    raise ValueError(name)


urlpatterns = [
    *(pattern for contract in CONTRACTS for pattern in contract.urlpatterns()),
    path("page/", page_with_a_form),
    path("throwaway/page/", page_with_a_form),
    path("throwaway/broken/<str:name>/", broken_page),
    re_path(r"", fallback.unknown_path),
]

handler400 = fallback.bad_request
handler403 = fallback.permission_denied
handler404 = fallback.not_found
handler500 = fallback.server_error
