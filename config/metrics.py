"""`/metrics`: for whoever holds METRICS_TOKEN, or a superuser's access token."""

import secrets

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from accounts.errors import SessionEnded, TokenInvalid
from accounts.selectors import get_live_session
from accounts.tokens import read_access_token
from config.exposition import make_registry
from core.errors import Forbidden
from core.surface.answers import plain_failure_response
from core.surface.failure import failure_of
from core.surface.fallback import contract_of

registry = make_registry()


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """200 in Prometheus' text format; 403 for everybody else, whatever is wrong with what they showed."""
    if not _may_read(request.headers.get("Authorization", "")):
        return plain_failure_response(contract_of(request), failure_of(Forbidden()))
    answer = HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    answer["Cache-Control"] = "no-store"
    return answer


def _may_read(authorization: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return False
    if settings.METRICS_TOKEN and secrets.compare_digest(token.encode(), settings.METRICS_TOKEN.encode()):
        return True
    try:
        return get_live_session(read_access_token(token)).user.is_superuser
    except (TokenInvalid, SessionEnded, AnyDatabaseError):
        return False
