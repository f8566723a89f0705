"""Talking to an OpenID provider: Authlib's Django client, believing the provider no more than it must.

A provider's documents and answers are bounded in size and time, of its metadata only what is named here is used, and
an ID token counts only if it is signed by an asymmetric key of the provider, for this client and this login.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import DjangoIntegration, DjangoOAuth2App, OAuth
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from joserfc.errors import JoseError
from urllib3.exceptions import HTTPError

from accounts.api.bounded_http import BoundedAdapter
from accounts.api.openid_claims import read_identity
from accounts.errors import (
    EmailNotVerified,
    GoogleDenied,
    GoogleNotConfigured,
    GoogleRefused,
    GoogleUnavailable,
    LoginStateRefused,
)
from accounts.models import User
from accounts.services.external_identities import VerifiedIdentity
from accounts.services.sessions import note_failed_sign_in

log = logging.getLogger(__name__)

CONNECT_AND_READ_SECONDS = (5, 5)
METADATA_SECONDS = 3600
CLOCK_SKEW_SECONDS = 60
LOGIN_SECONDS = 600
LOGINS_UNDER_WAY = 8
LOGINS_KEY = "openid_logins"
WELL_KNOWN = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")

# What Authlib and joserfc let through when an answer is well-formed JSON of an unexpected shape.
WRONG_SHAPE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class FinishedLogin:
    """Who it is, and what the login was started with."""

    identity: VerifiedIdentity
    context: Mapping[str, Any]


def start_login(request: HttpRequest, *, redirect_uri: str, context: Mapping[str, Any]) -> str:
    """Begin a login that only this browser can finish: state, nonce and PKCE verifier are kept in its session.

    Returns where to send the browser. `context` is JSON and comes back with the finished login.
    Raises GoogleNotConfigured and GoogleUnavailable.
    """
    provider = _provider()
    try:
        started = provider.create_authorization_url(redirect_uri)
    except (requests.RequestException, HTTPError) as trouble:
        raise _unavailable(trouble) from None
    if request.session.is_empty():
        request.session.set_expiry(LOGIN_SECONDS)
    provider.save_authorize_data(request, redirect_uri=redirect_uri, context=dict(context), **started)
    return str(started["url"])


def finish_login(request: HttpRequest) -> FinishedLogin:
    """Trade the callback's code for a verified identity. Whatever comes of it, its state is used up.

    Raises LoginStateRefused, GoogleDenied if the person or the provider called it off, GoogleRefused for an answer that
    is wrong, GoogleUnavailable for one that does not come in due time and size, EmailNotVerified and
    GoogleNotConfigured. Where that is because of what was brought here, a failed sign-in is noted.
    """
    try:
        return _finish_login(request)
    except (LoginStateRefused, GoogleRefused, EmailNotVerified):
        note_failed_sign_in(User.objects.none())
        raise


def _finish_login(request: HttpRequest) -> FinishedLogin:
    provider = _provider()
    state = request.GET.get("state")
    login = provider.framework.get_state_data(request.session, state)
    if login is None:
        raise LoginStateRefused
    try:
        token = _trade(provider, request)
    finally:
        provider.framework.clear_state_data(request.session, state)
    if "userinfo" not in token:
        raise GoogleRefused
    return FinishedLogin(read_identity(token["userinfo"]), login["context"])


def _trade(provider: "Provider", request: HttpRequest) -> Mapping[str, Any]:
    if "error" in request.GET:
        raise GoogleDenied
    try:
        token: Mapping[str, Any] = provider.authorize_access_token(
            request, claims_options=provider.expected_claims(), leeway=CLOCK_SKEW_SECONDS
        )
    except (requests.RequestException, HTTPError) as trouble:
        raise _unavailable(trouble) from None
    except (AuthlibBaseError, JoseError, *WRONG_SHAPE) as refusal:
        log.warning("OpenID login refused: %s %.60r", type(refusal).__name__, getattr(refusal, "error", ""))
        raise GoogleRefused from None
    return token


class BoundedSession(OAuth2Session):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mount("https://", BoundedAdapter())
        self.mount("http://", BoundedAdapter())


class LoginsUnderWay(DjangoIntegration):  # type: ignore[misc]
    """The state of each login a browser has begun: used once, for ten minutes, and no more than a few at a time."""

    def get_state_data(self, session: SessionBase, state: str | None) -> dict[str, Any] | None:
        login = self._live(session).get(state or "")
        return login["data"] if login else None

    def set_state_data(self, session: SessionBase, state: str, data: dict[str, Any]) -> None:
        newest = list(self._live(session).items())[1 - LOGINS_UNDER_WAY :]
        session[LOGINS_KEY] = {**dict(newest), state: {"data": data, "until": time.time() + LOGIN_SECONDS}}

    def clear_state_data(self, session: SessionBase, state: str | None) -> None:
        others = {key: login for key, login in self._live(session).items() if key != state}
        if others:
            session[LOGINS_KEY] = others
        elif set(session.keys()) <= {LOGINS_KEY, "_session_expiry"}:
            session.flush()
        else:
            session.pop(LOGINS_KEY, None)

    def _live(self, session: SessionBase) -> dict[str, Any]:
        now = time.time()
        return {key: login for key, login in session.get(LOGINS_KEY, {}).items() if login["until"] > now}


class Provider(DjangoOAuth2App):  # type: ignore[misc]
    client_cls = BoundedSession
    server_metadata: dict[str, Any]

    def load_server_metadata(self) -> dict[str, Any]:
        """The provider's metadata, an hour old at most; keys are fetched anew with it."""
        if self.server_metadata.get("_loaded_at", 0) < time.time() - METADATA_SECONDS:
            self.server_metadata = {**self._checked(self._fetch(self._server_metadata_url)), "_loaded_at": time.time()}
        return self.server_metadata

    def fetch_jwk_set(self, force: bool = False) -> dict[str, Any]:
        metadata = self.load_server_metadata()
        if force or "jwks" not in metadata:
            keys = self._fetch(metadata["jwks_uri"]).get("keys")
            if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
                raise _unavailable("malformed keys")
            metadata["jwks"] = {"keys": keys}
        return {"keys": metadata["jwks"]["keys"]}

    def expected_claims(self) -> dict[str, Any]:
        """What Authlib checks besides signature, expiry and nonce; left alone it would not look at the audience."""
        return {
            "iss": {"essential": True, "value": self.load_server_metadata()["issuer"]},
            "aud": {"essential": True, "value": self.client_id},
        }

    def _fetch(self, url: str) -> dict[str, Any]:
        with self._get_session() as session:
            response = session.request("GET", url, withhold_token=True)
            response.raise_for_status()
            try:
                document = response.json()
            except (ValueError, RecursionError):
                document = None
        if not isinstance(document, dict):
            raise _unavailable("not a JSON object")
        return document

    def _checked(self, document: dict[str, Any]) -> dict[str, Any]:
        """What we use of the metadata; the rest would reach into Authlib's own settings.

        The issuer must be the one the discovery URL belongs to (OpenID Connect Discovery 1.0, section 4.3), and no
        endpoint may be less safe than that URL.
        """
        algorithms = document.get("id_token_signing_alg_values_supported")
        usable = [name for name in ASYMMETRIC if isinstance(algorithms, list) and name in algorithms]
        issuer = document.get("issuer")
        endpoints = {name: document.get(name) for name in ENDPOINTS}
        if not usable or not isinstance(issuer, str) or issuer.rstrip("/") + WELL_KNOWN != self._server_metadata_url:
            raise _unavailable("issuer or algorithms")
        if not all(self._is_safe(endpoint) for endpoint in endpoints.values()):
            raise _unavailable("endpoints")
        return {"issuer": issuer, "id_token_signing_alg_values_supported": usable, **endpoints}

    def _is_safe(self, endpoint: object) -> bool:
        if not isinstance(endpoint, str):
            return False
        try:
            parts = urlsplit(endpoint)
        except ValueError:
            return False
        return bool(parts.netloc) and parts.scheme in {"https", urlsplit(self._server_metadata_url).scheme}


def _provider() -> Provider:
    if not (settings.GOOGLE_CLIENT_ID and settings.GOOGLE_CLIENT_SECRET):
        raise GoogleNotConfigured
    return _configured(settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET, settings.GOOGLE_DISCOVERY_URL)


@lru_cache(maxsize=4)
def _configured(client_id: str, client_secret: str, discovery_url: str) -> Provider:
    provider: Provider = _Registry().register(
        "google",
        client_cls=Provider,
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=discovery_url,
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": CONNECT_AND_READ_SECONDS,
            "max_redirects": 0,
        },
    )
    return provider


class _Registry(OAuth):  # type: ignore[misc]
    framework_integration_cls = LoginsUnderWay


def _unavailable(trouble: object) -> GoogleUnavailable:
    log.warning("OpenID provider: %s", trouble if isinstance(trouble, str) else type(trouble).__name__)
    return GoogleUnavailable()
