"""The HTTP half of idempotency: which request is the same one, and what an answer is made of."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.idempotency import Claim, claim
from core.surface.client import client_address

MAXIMUM_KEY_LENGTH = 255
KEPT_HEADERS = ("Link", "Location", "Retry-After")


class _Undone(Exception):
    """Carries the answer of a request whose work must be rolled back."""

    def __init__(self, response: HttpResponseBase) -> None:
        self.response = response


@dataclass(frozen=True)
class Once:
    """One request with an Idempotency-Key: how to run it, and how what it raises becomes an answer."""

    request: Request
    run: Callable[[], HttpResponseBase]
    on_error: Callable[[Exception], Response]

    def answer(self, key: str) -> HttpResponseBase:
        """Run the handler and keep its answer in one transaction, or give the answer that was kept.

        A refusal (4xx) is an answer too, and what its service chose to commit stays. After a 5xx nothing is kept, and
        after a 429 the key may be used again: waiting and repeating is what that answer asks for.
        """
        mine = claim(
            caller=_caller(self.request),
            path=self.request.path.rstrip("/"),
            key=_sane(key),
            request=_content(self.request),
        )
        if mine.answer is not None:
            return _load(mine.answer)
        try:
            with transaction.atomic():
                response = self._run_and_keep(mine)
        except _Undone as undone:
            response = undone.response
        finally:
            mine.release()
        return response

    def _run_and_keep(self, mine: Claim) -> HttpResponseBase:
        response: HttpResponseBase
        try:
            response = self.run()
        except Exception as exception:  # noqa: BLE001 - the same boundary as the view's, inside the transaction
            response = self.on_error(exception)
        if response.status_code >= 500 or transaction.get_rollback():
            raise _Undone(response)
        if response.status_code != 429:
            mine.complete(_dump(response))
        return response


def _caller(request: Request) -> str:
    if request.user.is_authenticated:
        return f"user {request.user.pk}"
    return f"address {client_address(request)}"


def _sane(key: str) -> str:
    if len(key) > MAXIMUM_KEY_LENGTH or not key.isprintable():
        message = f"At most {MAXIMUM_KEY_LENGTH} printable characters."
        raise ValidationError({"Idempotency-Key": [message]})
    return key


def _content(request: Request) -> str:
    query = request.META.get("QUERY_STRING", "")
    return f"{request.method}\n{query}\n{request.content_type}\n{request.body.hex()}"


def _dump(response: HttpResponseBase) -> str:
    if not isinstance(response, Response):
        raise TypeError("What changes something answers with a Response, so that the answer can be kept.")
    return json.dumps(
        {
            "status": response.status_code,
            "body": JSONRenderer().render(response.data).decode() if response.data is not None else None,
            "headers": {name: response[name] for name in KEPT_HEADERS if response.has_header(name)},
            "cookies": {name: [cookie.value, dict(cookie)] for name, cookie in response.cookies.items()},
        }
    )


def _load(answer: str) -> Response:
    kept: dict[str, Any] = json.loads(answer)
    data = json.loads(kept["body"]) if kept["body"] is not None else None
    response = Response(data, status=kept["status"], headers=kept["headers"])
    for name, (value, attributes) in kept["cookies"].items():
        response.cookies[name] = value
        response.cookies[name].update(attributes)
    return response
