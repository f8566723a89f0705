"""The base of every REST view: who may call, how often, once or again, and how it goes wrong."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from core import limits
from core.errors import Forbidden
from core.pagination import Pages, keyset_page
from core.prepared import Bound
from core.surface.access import Access, Caller
from core.surface.answers import SurfaceRenderer, failure_response, page_link
from core.surface.authentication import AnsweringAuthentication
from core.surface.client import client_address
from core.surface.contract import Contract
from core.surface.failure import WrongMethod, failure_of
from core.surface.idempotent import Once
from core.surface.parsers import StrictJSONParser
from core.surface.schema import SurfaceSchema, documentation_of
from core.surface.serializers import ListQuery, spelled_otherwise

Handler = Callable[..., HttpResponseBase]
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class JsonOnly(BaseContentNegotiation):
    """Answers are JSON whatever `Accept` says; a view that has another form to offer returns it itself."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        essence = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == essence), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class SurfaceView(APIView):
    """A view of one contract, bound to it where it is mounted.

    `access` names who may call each method; HEAD is GET's. A handler validates with `body` or `query`, calls one
    service or selector and returns a Response. `group` is what the API documents list it under; its app unless given.
    """

    contract: Contract = cast(Contract, None)
    access: ClassVar[Mapping[str, Access]] = {}
    group: ClassVar[str] = ""
    content_negotiation_class = JsonOnly
    renderer_classes = (SurfaceRenderer,)
    parser_classes = (StrictJSONParser,)
    format_kwarg = None
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    schema = SurfaceSchema()

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Raises ImproperlyConfigured when a documented serializer spells otherwise than the contract it is for."""
        contract = initkwargs.get("contract", cls.contract)
        for method in cls.http_method_names:
            for serializer in documentation_of(getattr(cls, method, None)).serializers:
                for wrong in spelled_otherwise(serializer, contract.casing):
                    raise ImproperlyConfigured(f"{cls.__name__}: {contract.name} does not spell as {wrong} does.")
        return super().as_view(**initkwargs)

    def get_authenticators(self) -> Any:
        access = self.access_to(self.request.method) if self.request else None
        if access is not None and not access.needs_token:
            return []
        if self.contract.authentication is not None:
            return [self.contract.authentication()]
        return super().get_authenticators()

    def access_to(self, method: str | None) -> Access | None:
        return self.access.get("GET" if method == "HEAD" else method or "")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """DRF's own, with the handler looked up first (405 before 401) and run once per Idempotency-Key."""
        self.args, self.kwargs = args, kwargs
        self.request = cast(Request, request)
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        response: HttpResponseBase
        try:
            handler = self._handler()
            self.initial(self.request, *args, **kwargs)
            response = self._answer(handler)
        except Exception as exception:  # noqa: BLE001 - the boundary: failure_of logs what nobody foresaw
            response = self.handle_exception(exception)
        self.response = self.finalize_response(self.request, cast(Response, response), *args, **kwargs)
        return self.response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        try:
            self.perform_authentication(request)
        except exceptions.APIException:
            limits.hit("anonymous", client_address(request))
            raise
        self.check_throttles(request)
        self.check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        if request.user.is_authenticated:
            limits.hit("signed_in", str(request.user.pk))
        else:
            limits.hit("anonymous", client_address(request))

    def check_permissions(self, request: Request) -> None:
        access = self.access_to(request.method)
        if access is not None and access.allows(request.user):
            return
        if not request.user.is_authenticated:
            raise exceptions.NotAuthenticated
        raise Forbidden

    def handle_exception(self, exc: Exception) -> Response:
        response = failure_response(self.contract, failure_of(exc, self.contract.casing))
        if response.status_code == 401:
            response["WWW-Authenticate"] = 'Bearer realm="api"'
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        finished = super().finalize_response(request, response, *args, **kwargs)
        for authentication in request.authenticators or ():
            if isinstance(authentication, AnsweringAuthentication):
                authentication.conclude(finished)
        return finished

    @property
    def caller(self) -> Caller:
        """The user whom `access` let in."""
        return self.request.user

    def body(self, serializer_class: type[BaseSerializer[Any]], **options: Any) -> dict[str, Any]:
        """The validated request body. Raises ValidationError naming the fields."""
        return self._validated(serializer_class, self.request.data, **options)

    def query(self, serializer_class: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The validated query string. Raises ValidationError naming the fields."""
        return self._validated(serializer_class, self.request.query_params.dict())

    def answer_page(
        self,
        rows: QuerySet[Any] | Bound[Any] | Pages[Any],
        serializer_class: type[BaseSerializer[Any]],
        *,
        order_by: tuple[str, ...],
        present: Callable[[list[Any]], Any] = list,
    ) -> Response:
        """A bounded bare list with the next page in `Link`. `present` may load what the serializer needs."""
        asked = self.query(ListQuery)
        page = keyset_page(rows, order_by=order_by, limit=asked["limit"], cursor=asked["cursor"])
        serializer = serializer_class(present(page.items), many=True, context=self.get_serializer_context())
        response = Response(serializer.data)
        if page.next_cursor:
            response["Link"] = page_link(self.request, page.next_cursor)
        return response

    def answer(self, serializer_class: type[BaseSerializer[Any]], row: Model | object, status: int = 200) -> Response:
        serializer = serializer_class(row, context=self.get_serializer_context())
        return Response(serializer.data, status=status)

    def get_serializer_context(self) -> dict[str, Any]:
        return {"request": self.request, "view": self}

    def _validated(self, serializer_class: type[BaseSerializer[Any]], data: object, **options: Any) -> dict[str, Any]:
        serializer = serializer_class(data=data, context=self.get_serializer_context(), **options)
        serializer.is_valid(raise_exception=True)
        return cast(dict[str, Any], serializer.validated_data)

    def _handler(self) -> Handler:
        method = (self.request.method or "").lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        if handler is None:
            raise WrongMethod(self.request.method or "", self.allowed_methods)
        return cast(Handler, handler)

    def _answer(self, handler: Handler) -> HttpResponseBase:
        def run() -> HttpResponseBase:
            return handler(self.request, *self.args, **self.kwargs)

        key = self.request.headers.get("Idempotency-Key", "")
        if key and self.request.method in UNSAFE:
            return Once(self.request, run, self.handle_exception).answer(key)
        return run()
