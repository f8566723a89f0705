"""Failures born outside any view, in the spelling of the contract whose URL space they happened in."""

from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from core.errors import NotFound
from core.surface.answers import plain_failure_response
from core.surface.contract import Contract, contract_for
from core.surface.failure import INTERNAL_ERROR, Failure, failure_of


@cache
def _contracts(path: str) -> tuple[Contract, ...]:
    contracts: tuple[Contract, ...] = import_string(path)
    return contracts


def contract_of(request: HttpRequest) -> Contract:
    return contract_for(request.path, _contracts(settings.CONTRACTS))


@csrf_exempt
def unknown_path(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """The last route of all: what no other matched. Serving it as a view keeps DEBUG's HTML page from clients."""
    return plain_failure_response(contract_of(request), Failure(404, NotFound.code, NotFound.message))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain_failure_response(contract_of(request), failure_of(exception))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain_failure_response(contract_of(request), failure_of(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain_failure_response(contract_of(request), failure_of(exception))


def server_error(request: HttpRequest) -> HttpResponse:
    return plain_failure_response(contract_of(request), INTERNAL_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    failure = Failure(403, "csrf_failed", "The CSRF token is missing or incorrect.")
    return plain_failure_response(contract_of(request), failure)
