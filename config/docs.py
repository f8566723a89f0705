"""Swagger UI and the OpenAPI schema, made from the contracts' own routes; the same for their sockets in AsyncAPI.

Each contract has its own, and there is one of them all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, re_path, reverse
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from config.contracts import CONTRACTS
from core.surface.asyncapi import describe_sockets
from core.surface.asyncapi_page import read_sockets
from core.surface.contract import Contract

PRODUCT = "Pub Network"
VERSION = "1.0.0"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

# This module is the URL configuration the schema of all describes: the contracts' routes only.
urlpatterns = [pattern for contract in CONTRACTS for pattern in contract.urlpatterns()]


def groups_of(contract: Contract) -> list[str]:
    return list(dict.fromkeys(route.group for route in contract.routes))


def name_apart(contract: Contract, group: str) -> str:
    """In the document of all contracts: two of them may call a group the same."""
    return f"{contract.title}: {group}"


TITLE = {
    "TITLE": PRODUCT,
    "VERSION": VERSION,
    "DESCRIPTION": "\n\n".join(f"## {contract.title}\n\n{contract.description}" for contract in CONTRACTS),
    "TAGS": [{"name": name_apart(contract, group)} for contract in CONTRACTS for group in groups_of(contract)],
    "POSTPROCESSING_HOOKS": ["config.docs.name_groups_apart"],
}


def name_groups_apart(result: dict[str, Any], **more: object) -> dict[str, Any]:
    """What drf-spectacular calls on the document of all contracts."""
    for methods in result["paths"].values():
        for operation in methods.values():
            contract = contract_of(operation)
            operation["tags"] = [name_apart(contract, group) for group in operation["tags"]]
    return result


def contract_of(operation: dict[str, Any]) -> Contract:
    """Whose an operation of the OpenAPI document is: its id begins with the contract's name."""
    return next(contract for contract in CONTRACTS if operation["operationId"].startswith(f"{contract.name}_"))


def sockets_document(contracts: Iterable[Contract] = CONTRACTS, title: str = PRODUCT) -> dict[str, Any]:
    address = urlsplit(settings.PUBLIC_URL)
    return describe_sockets(
        contracts,
        title=f"{title}: WebSockets",
        version=VERSION,
        host=address.netloc,
        protocol="wss" if address.scheme == "https" else "ws",
    )


@dataclass(frozen=True)
class Reference:
    """Where some contracts are documented: `/api/docs/`, `/api/schema/` and the sockets' under each, and `place`."""

    title: str
    contracts: tuple[Contract, ...]
    described: dict[str, Any]
    place: str = ""

    def urlpatterns(self) -> list[URLPattern]:
        patterns: Any = [pattern for contract in self.contracts for pattern in contract.urlpatterns()]
        schema: Any = SpectacularJSONAPIView.as_view(urlconf=patterns, custom_settings=self.described)
        swagger = SpectacularSwaggerSplitView.as_view(url_name=self._named("schema"), title=self.title)
        ending = f"{self.place}/?$" if self.place else "?$"
        return [
            re_path(f"^api/schema/{ending}", schema, name=self._named("schema")),
            re_path(f"^api/docs/{ending}", swagger, name=self._named("docs")),
            re_path(f"^api/schema/ws/{ending}", require_safe(self._sockets_schema), name=self._named("sockets-schema")),
            re_path(f"^api/docs/ws/{ending}", require_safe(self._sockets_page), name=self._named("sockets-docs")),
        ]

    def _named(self, kind: str) -> str:
        return f"{kind}-{self.place}" if self.place else kind

    def _sockets_schema(self, request: HttpRequest) -> JsonResponse:
        document = sockets_document(self.contracts, self.title)
        return JsonResponse(document, json_dumps_params={"ensure_ascii": False})

    def _sockets_page(self, request: HttpRequest) -> HttpResponse:
        document = sockets_document(self.contracts, self.title)
        shown = {
            "document": document,
            "sockets": read_sockets(document),
            "schema_url": reverse(self._named("sockets-schema")),
            "docs_url": reverse(self._named("docs")),
        }
        page = render(request, "surface/sockets.html", shown)
        page["Content-Security-Policy"] = PAGE_POLICY
        return page


def reference_of(contract: Contract) -> Reference:
    described = {
        "TITLE": contract.title,
        "VERSION": VERSION,
        "DESCRIPTION": contract.description,
        "TAGS": [{"name": group} for group in groups_of(contract)],
    }
    return Reference(contract.title, (contract,), described, place=contract.name)


REFERENCES = (Reference(PRODUCT, CONTRACTS, TITLE), *(reference_of(contract) for contract in CONTRACTS))


def docs_urlpatterns() -> list[URLPattern]:
    return [pattern for reference in REFERENCES for pattern in reference.urlpatterns()]
