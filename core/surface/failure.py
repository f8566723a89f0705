"""Every exception, from a service, from DRF or from Django, becomes one neutral Failure that a contract spells."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions

from core import errors
from core.surface.casing import Casing, snake_case

log = logging.getLogger(__name__)

# What DRF calls the errors of an object as a whole.
WHOLE = "non_field_errors"

STATUS_OF: dict[type[errors.DomainError], int] = {
    errors.Invalid: 400,
    errors.BadCredentials: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}

FRAMEWORK_FAILURES: dict[type[Exception], tuple[int, str, str]] = {
    Http404: (404, "not_found", errors.NotFound.message),
    PermissionDenied: (403, "forbidden", errors.Forbidden.message),
    RequestDataTooBig: (413, "too_large", "The request body is too large."),
    UnreadablePostError: (400, "unreadable", "The request body could not be read."),
    MultiPartParserError: (400, "parse_error", "The request body could not be parsed."),
    BadRequest: (400, "bad_request", "The request could not be understood."),
    SuspiciousOperation: (400, "bad_request", "The request could not be understood."),
}


@dataclass(frozen=True)
class Failure:
    """What went wrong, in no client's spelling but for `fields`, which maps a dotted field path to its messages.

    `methods` are those that would have been right, where the method was wrong.
    """

    status: int
    code: str
    message: str
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)
    retry_after: int | None = None
    methods: tuple[str, ...] = ()


UNAVAILABLE = Failure(503, errors.Unavailable.code, errors.Unavailable.message, retry_after=1)
INTERNAL_ERROR = Failure(500, "internal_error", "Something went wrong on our side.")


class WrongMethod(exceptions.MethodNotAllowed):
    """`allowed` are the path's methods as `Allow` has them. HEAD is GET's, and not told of."""

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(method)
        self.methods = tuple(name for name in allowed if name != "HEAD")


def failure_of(exception: Exception, casing: Casing = snake_case) -> Failure:
    """The Failure for any exception. What nobody foresaw is logged and becomes a 500 that says nothing about it.

    `casing` spells the fields a service names. A serializer's are spelled already, and may hold a client's own keys.
    """
    if isinstance(exception, errors.DomainError):
        return _of_domain_error(exception, casing)
    if isinstance(exception, exceptions.ValidationError):
        return Failure(400, "invalid", errors.Invalid.message, fields=flatten(exception.detail, casing(WHOLE)))
    if isinstance(exception, WrongMethod):
        return Failure(405, _code_of(exception), str(exception.detail), methods=exception.methods)
    if isinstance(exception, exceptions.APIException):
        return Failure(exception.status_code, _code_of(exception), str(exception.detail))
    for kind, (status, code, message) in FRAMEWORK_FAILURES.items():
        if isinstance(exception, kind):
            return Failure(status, code, message)
    if isinstance(exception, OperationalError | InterfaceError):
        log.error("the database is away", exc_info=exception)
        return UNAVAILABLE
    log.error("unforeseen exception", exc_info=exception)
    return INTERNAL_ERROR


def status_of(error: type[errors.DomainError]) -> int:
    return next(status for kind, status in STATUS_OF.items() if issubclass(error, kind))


def _of_domain_error(error: errors.DomainError, casing: Casing) -> Failure:
    fields = {casing(path): messages for path, messages in error.fields.items()}
    failure = Failure(status_of(type(error)), error.code, error.message, fields=fields)
    return replace(failure, details=error.details, retry_after=error.retry_after)


def _code_of(exception: exceptions.APIException) -> str:
    codes = exception.get_codes()
    return codes if isinstance(codes, str) else "invalid"


def flatten(detail: Any, whole: str = WHOLE) -> dict[str, list[str]]:
    """DRF's nested errors as `{"customer_profile.name": ["…"], "interests.0": ["…"]}`.

    What is wrong with an object as a whole stands under its own path, and at the top under `whole`.
    """
    flat: dict[str, list[str]] = {}
    for path, message in _messages(detail, ()):
        flat.setdefault(".".join(path) or whole, []).append(message)
    return flat


def _messages(detail: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _messages(value, path if key == WHOLE else (*path, str(key)))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            yield from _messages(value, (*path, str(index)) if isinstance(value, dict | list) else path)
    else:
        yield path, str(detail)
