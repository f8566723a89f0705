"""What the few pages that are for people rather than programs have in common."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def is_browser(request: HttpRequest) -> bool:
    """Whether the caller would rather have a page than JSON."""
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def own_sockets(request: HttpRequest) -> str:
    """For browsers whose `'self'` does not include the WebSockets of the same host."""
    return f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"


def page_for_people(
    template: str, context: Mapping[str, object], *, status: int = 200, sockets_at: str = ""
) -> HttpResponse:
    """`sockets_at` is the origin whose WebSockets the page may open."""
    page = HttpResponse(render_to_string(template, dict(context)), status=status)
    page["Content-Security-Policy"] = _content_security_policy(sockets_at)
    page["Cache-Control"] = "no-store"
    return page


def _content_security_policy(sockets_at: str) -> str:
    connects_to = f"'self' {sockets_at}".rstrip()
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src {connects_to}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
