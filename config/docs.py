"""Swagger UI and the OpenAPI schema, made from the contracts' own routes; the same for their sockets in AsyncAPI."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, re_path
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from config.contracts import CONTRACTS
from core.surface.asyncapi import describe_sockets
from core.surface.asyncapi_page import read_sockets

# This module is the URL configuration the schema describes: the contracts' routes only.
urlpatterns = [pattern for contract in CONTRACTS for pattern in contract.urlpatterns()]

GROUPS = dict.fromkeys(route.group for contract in CONTRACTS for route in contract.routes)
TITLE = {
    "TITLE": "Pub Network",
    "VERSION": "1.0.0",
    "DESCRIPTION": "\n\n".join(contract.description for contract in CONTRACTS),
    "TAGS": [{"name": group} for group in GROUPS],
}


PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def sockets_document() -> dict[str, Any]:
    address = urlsplit(settings.PUBLIC_URL)
    return describe_sockets(
        CONTRACTS,
        title=f"{TITLE['TITLE']}: WebSockets",
        version=str(TITLE["VERSION"]),
        host=address.netloc,
        protocol="wss" if address.scheme == "https" else "ws",
    )


@require_safe
def sockets_schema(request: HttpRequest) -> JsonResponse:
    return JsonResponse(sockets_document(), json_dumps_params={"ensure_ascii": False})


@require_safe
def sockets_page(request: HttpRequest) -> HttpResponse:
    document = sockets_document()
    page = render(request, "surface/sockets.html", {"document": document, "sockets": read_sockets(document)})
    page["Content-Security-Policy"] = PAGE_POLICY
    return page


def docs_urlpatterns() -> list[URLPattern]:
    schema: Any = SpectacularJSONAPIView.as_view(urlconf=__name__, custom_settings=TITLE)
    return [
        re_path(r"^api/schema/?$", schema, name="schema"),
        re_path(r"^api/schema/ws/?$", sockets_schema, name="sockets-schema"),
        re_path(r"^api/docs/ws/?$", sockets_page, name="sockets-docs"),
        re_path(
            r"^api/docs/?$", SpectacularSwaggerSplitView.as_view(url_name="schema", title=TITLE["TITLE"]), name="docs"
        ),
    ]
