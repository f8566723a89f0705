"""OpenAPI from the views: `@operation` says what a handler is for, the rest is read off the view itself."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, TypeVar

from django.apps import apps
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import fields

from core import errors as domain
from core.errors import DomainError
from core.idempotency import KeyReused
from core.surface.failure import Failure, failure_of, status_of

Handler = TypeVar("Handler", bound=Callable[..., Any])

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": 255, "pattern": "^[ -~]*$"},
    OpenApiParameter.HEADER,
    description="The same key with the same request within 24 hours gets the first answer again.",
)
HEADERS = {
    "X-Request-ID": ("The request's own id if it brought one, else a new one; our log lines carry it.", "string"),
    "Link": ('Where the next page is, if there is one: `<…>; rel="next"`.', "string"),
    "Retry-After": ("How many seconds to wait.", "integer"),
}
USUAL_FAILURES = {
    400: Failure(400, domain.Invalid.code, domain.Invalid.message, fields={"name": ["This field is required."]}),
    401: Failure(401, "not_authenticated", "Authentication credentials were not provided."),
    403: failure_of(domain.Forbidden()),
    404: failure_of(domain.NotFound()),
    409: failure_of(KeyReused()),
    413: Failure(413, "too_large", "The request body is too large."),
    415: Failure(415, "unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    429: failure_of(domain.TooMany()),
}


@dataclass(frozen=True)
class Documented:
    """What `@operation` leaves on a handler."""

    errors: tuple[type[DomainError], ...]
    serializers: tuple[Any, ...]
    example: object
    answer_example: object
    path_examples: Mapping[str, object]


NOT_DOCUMENTED = Documented((), (), None, None, MappingProxyType({}))


def documentation_of(handler: object) -> Documented:
    return getattr(handler, "documented", NOT_DOCUMENTED)


def operation(
    *,
    summary: str,
    answer: Any = None,
    status: int = 200,
    body: Any = None,
    query: Sequence[Any] = (),
    errors: Sequence[type[DomainError]] = (),
    example: object = None,
    answer_example: object = None,
    path_example: Mapping[str, object] = MappingProxyType({}),
    media_type: str = "application/json",
    also: Mapping[int | tuple[int, str], Any] = MappingProxyType({}),
    **more: Any,
) -> Callable[[Handler], Handler]:
    """Document a handler.

    `errors` are the domain errors a caller should expect beyond the usual ones, `example` is a body that works on the
    demo data; `path_example` is for path parameters for which the contract's own examples do not serve; `also`
    describes further successful answers by status, or by status and media type. What follows from the view (401, 403,
    404 for a path with an id, 429, …) is added by SurfaceSchema.
    """
    responses: Any = {(status, media_type): answer if answer is not None else OpenApiResponse(description="Done.")}
    if status == 204:
        responses = {204: OpenApiResponse(description="Done.")}
    responses |= {
        further: OpenApiResponse(description=described) if isinstance(described, str) else described
        for further, described in also.items()
    }

    def document(handler: Handler) -> Handler:
        handler.__dict__["documented"] = Documented(
            tuple(errors), (body, answer, *query), example, answer_example, path_example
        )
        return extend_schema(summary=summary, request=body, responses=responses, parameters=list(query), **more)(
            handler
        )

    return document


class SurfaceSchema(AutoSchema):
    view: Any

    def is_excluded(self) -> bool:
        return self.view.access_to(self.method) is None

    def get_operation_id(self) -> str:
        path = re.sub(r"\W+", "_", self.path).strip("_")
        return f"{self.view.contract.name}_{self.method.lower()}_{path}"

    def get_description(self) -> str:  # type: ignore[override]
        """The view's own docstring, unless the operation is described; never the kit's."""
        return inspect.cleandoc(type(self.view).__doc__ or "")

    def get_tags(self) -> list[str]:
        app = apps.get_containing_app_config(type(self.view).__module__)
        return [self.view.group or (str(app.verbose_name) if app else self.view.contract.title)]

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        return [*parameters, IDEMPOTENCY_KEY] if self.method in {"POST", "PUT", "PATCH", "DELETE"} else parameters

    def _get_request_body(self, direction: Any = "request") -> Any:
        """As it is declared: drf-spectacular looks for none with DELETE and takes any with PATCH for partial."""
        method = self.method
        if method not in {"DELETE", "PATCH"}:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        self.method = "POST"
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = method

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Any one of the security schemes that the view's authentications name in `documented_as`."""
        access = self.view.access_to(self.method)
        if access is None or not access.needs_token:
            return []
        ways = (way for one in self.view.get_authenticators() for way in getattr(one, "documented_as", ()))
        return [{way: []} for way in ways]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        described = super().get_operation(*args, **kwargs)
        if described is None:
            return None
        if self.get_auth():
            access = self.view.access_to(self.method)
            described["description"] = f"{described.get('description', '')}\n\nFor {access.who}.".strip()
        self._describe_parameters(described)
        self._describe_successes(described)
        for status, errors in sorted(self._failures(described).items()):
            described["responses"].setdefault(str(status), self._failure_answer(status, errors))
        self._describe_headers(described)
        return described

    @property
    def _documented(self) -> Documented:
        return documentation_of(getattr(self.view, self.method.lower(), None))

    def _describe_parameters(self, described: dict[str, Any]) -> None:
        """Those without which there is nothing to try: of the path, and of the query where they must be given."""
        examples = {**self.view.contract.path_examples, **self._documented.path_examples}
        for parameter in described.get("parameters", ()):
            if parameter.get("required") and parameter["name"] in examples:
                parameter["example"] = examples[parameter["name"]]

    def _describe_successes(self, described: dict[str, Any]) -> None:
        """Put answers into the contract's envelope, and examples where they belong."""
        contract, documented = self.view.contract, self._documented
        if documented.example is not None:
            for content in described["requestBody"]["content"].values():
                content["examples"] = {"demo": {"summary": "Demo data", "value": documented.example}}
        for answer in described["responses"].values():
            content = answer.get("content", {}).get("application/json")
            if content is None:
                continue
            content["schema"] = contract.envelope_schema(content["schema"])
            if documented.answer_example is not None:
                content["examples"] = {"answer": {"value": contract.envelope(documented.answer_example)}}

    def _failures(self, described: dict[str, Any]) -> dict[int, list[type[DomainError]]]:
        statuses = {429}
        if described.get("requestBody") or described.get("parameters"):
            statuses.add(400)
        if described.get("requestBody"):
            statuses |= {413, 415}
        if self.get_auth():
            statuses |= {401, 403}
        if "{" in self.path:
            statuses.add(404)
        if self.method not in {"GET", "HEAD"}:
            statuses.add(409)
        failures: dict[int, list[type[DomainError]]] = {status: [] for status in statuses}
        for error in self._documented.errors:
            failures.setdefault(status_of(error), []).append(error)
        return failures

    def _failure_answer(self, status: int, errors: list[type[DomainError]]) -> dict[str, Any]:
        contract = self.view.contract
        schema = self._component(f"{contract.name.title()}Failure", "schemas", dict(contract.failure_schema))
        usual = [USUAL_FAILURES[status]] if status in USUAL_FAILURES else []
        failures = [*usual, *(failure_of(error(), contract.casing) for error in errors)]
        examples = {failure.code: {"value": contract.spell_failure(failure)} for failure in failures}
        codes = ", ".join(dict.fromkeys(f"`{error.code}`" for error in errors))
        return {
            "description": HTTPStatus(status).phrase + (f": {codes}" if codes else ""),
            "content": {"application/json": {"schema": schema, "examples": examples}},
        }

    def _describe_headers(self, described: dict[str, Any]) -> None:
        paged = any(parameter["name"] in {"cursor", "before"} for parameter in described.get("parameters", ()))
        for status, answer in described["responses"].items():
            names = ["X-Request-ID"]
            if paged and status == "200":
                names.append("Link")
            if status in {"409", "429", "503"}:
                names.append("Retry-After")
            answer.setdefault("headers", {}).update({name: self._header(name) for name in names})

    def _header(self, name: str) -> dict[str, str]:
        description, kind = HEADERS[name]
        return self._component(name, "headers", {"description": description, "schema": {"type": kind}})

    def _component(self, name: str, kind: str, schema: dict[str, Any]) -> dict[str, str]:
        component = ResolvedComponent(name=name, type=kind, object=name, schema=schema)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        reference: dict[str, str] = component.ref
        return reference

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Apart for each contract, since two contracts may call different things the same."""
        return f"{self.view.contract.name.title()}{super().get_serializer_name(serializer, direction)}"

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        name: str = super()._get_serializer_name(serializer, direction, bypass_extensions)
        return name.removesuffix("Request") if name.endswith("InRequest") else name

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        described = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request":
            for name, field in serializer.fields.items():
                _describe_taken(field, described["properties"].get(name, {}))
        return described


def _describe_taken(field: Any, schema: dict[str, Any]) -> None:
    """No text holds a NUL byte, and what must not be blank holds more than white space.

    A field that takes more than it shows says so in `taken_as`.
    """
    if taken := getattr(field, "taken_as", {}):
        schema.update(taken)
        schema["type"] = [*taken["type"], *(["null"] if field.allow_null else [])]
    if isinstance(field, fields.ListField):
        _describe_taken(field.child, schema.get("items", {}))
    elif isinstance(field, fields.CharField) and "type" in schema and not {"pattern", "format"} & schema.keys():
        needs_more = field.trim_whitespace and not field.allow_blank
        schema["pattern"] = r"^[^\u0000]*[^\s\u0000][^\u0000]*$" if needs_more else r"^[^\u0000]*$"
