"""A client contract, declared once: what it is called, how it spells, which routes it has."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern
from rest_framework.authentication import BaseAuthentication

from core.sessions import SessionPolicy
from core.surface.casing import Casing, snake_case
from core.surface.failure import Failure

Json = dict[str, Any] | list[Any] | str | int | float | bool | None


def bare(data: Json) -> Json:
    return data


def plain_frame_failure(failure: Failure) -> dict[str, Any]:
    """A socket's error frame, where the contract has no other."""
    return {"error": failure.message, "code": failure.code, **failure.details}


@dataclass(frozen=True)
class Route:
    """One path and the view that serves it, with or without a trailing slash; `group` is for the API documents."""

    path: str
    view: type[Any]
    group: str = ""


def grouped(group: str, *routes: Route) -> tuple[Route, ...]:
    """These routes, listed under `group` in the API documents."""
    return tuple(replace(route, group=group) for route in routes)


@dataclass(frozen=True)
class SocketRoute:
    """One WebSocket path and the consumer that serves it, with or without a trailing slash."""

    path: str
    consumer: type[Any]


class SlashOptionalPattern(RoutePattern):
    """`customers/<int:id>/` that also matches `customers/7`, without a redirect. No path holds a NUL byte."""

    def match(self, path: str) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        if "\0" in path:
            return None
        return super().match(path if path.endswith("/") else f"{path}/")


@dataclass(frozen=True)
class Contract:
    """`spell_failure` gives the body of a failed answer and `failure_schema` its JSON schema; `envelope` wraps the
    body of a successful one and `envelope_schema` its JSON schema; `casing` spells field names; `prefix` is the URL
    space whose unknown paths it answers. `authentication` is how its clients say who they are, where that is not the
    server's usual way. `path_examples` are values that exist in the demo data, of path parameters
    and of what a query must have.
    """

    name: str
    title: str
    description: str
    prefix: str
    session: SessionPolicy
    spell_failure: Callable[[Failure], dict[str, Any]]
    failure_schema: Mapping[str, Any]
    envelope: Callable[[Json], Json] = bare
    envelope_schema: Callable[[Any], Any] = bare
    spell_frame_failure: Callable[[Failure], dict[str, Any]] = plain_frame_failure
    casing: Casing = snake_case
    authentication: type[BaseAuthentication] | None = None
    routes: tuple[Route, ...] = ()
    sockets: tuple[SocketRoute, ...] = ()
    path_examples: Mapping[str, object] = field(default_factory=dict)

    def urlpatterns(self) -> list[URLPattern]:
        return [self._pattern(route) for route in self.routes]

    def socket_urlpatterns(self) -> list[URLPattern]:
        return [
            URLPattern(
                SlashOptionalPattern(socket.path, is_endpoint=True), socket.consumer.as_asgi(contract=self), None
            )
            for socket in self.sockets
        ]

    def _pattern(self, route: Route) -> URLPattern:
        options = {"group": route.group} if route.group else {}
        view: Callable[..., HttpResponseBase] = route.view.as_view(contract=self, **options)
        name = f"{self.name}.{route.view.__name__}"
        return URLPattern(SlashOptionalPattern(route.path, name=name, is_endpoint=True), view, None, name)


def contract_for(path: str, contracts: Iterable[Contract]) -> Contract:
    """The contract whose URL space holds `path`: the longest prefix wins, and one contract has the prefix `/`."""
    matching = [contract for contract in contracts if f"{path}/".startswith(contract.prefix)]
    return max(matching, key=lambda contract: len(contract.prefix))
