"""How answers leave: the contract's envelope, its failures, its links."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import JsonResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.utils.urls import replace_query_param

from core.surface.contract import Contract
from core.surface.failure import Failure


class SurfaceRenderer(JSONRenderer):
    """JSON in the contract's envelope. Failures are spelled already and 204 has no body: both stay as they are."""

    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        context = renderer_context or {}
        response: Response | None = context.get("response")
        if response is not None and 200 <= response.status_code < 300 and response.status_code != 204:
            data = context["view"].contract.envelope(data)
        return self._written(data) if data is not None else b""

    def _written(self, data: Any) -> bytes:
        """Several times quicker than json.dumps, which writes what msgspec does not know: a number of over 64 bits."""
        try:
            return msgspec.json.encode(data, enc_hook=_plain)
        except (TypeError, OverflowError):
            return super().render(data)


def _plain(value: Any) -> Any:
    """What is none of JSON's own types, as DRF would write it. A slice of any string is a plain one."""
    return value[:] if isinstance(value, str) else _drf_encoder.default(value)


_drf_encoder = JSONEncoder()


def failure_response(contract: Contract, failure: Failure) -> Response:
    """For a DRF view, which renders it."""
    response = Response(contract.spell_failure(failure), status=failure.status)
    if failure.retry_after is not None:
        response["Retry-After"] = str(failure.retry_after)
    return response


def plain_failure_response(contract: Contract, failure: Failure) -> JsonResponse:
    """For what fails outside any view."""
    response = JsonResponse(contract.spell_failure(failure), status=failure.status)
    if failure.retry_after is not None:
        response["Retry-After"] = str(failure.retry_after)
    return response


def page_link(request: Request, value: object, *, parameter: str = "cursor") -> str:
    """Where the next page is: this request's own URL with the parameter that moves it on."""
    url = replace_query_param(request.build_absolute_uri(), parameter, str(value))
    return f'<{url}>; rel="next"'
