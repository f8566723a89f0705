"""Two OpenID providers on loopback: a real one in a process of its own, and one that answers as it is told."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import requests
from joserfc import jws
from joserfc.jwk import RSAKey

REDIRECT_URI = "http://testserver/google/callback/"


class RealProvider:
    """oidc-provider-mock with one registered client, nonces required."""

    def __init__(self, url: str) -> None:
        self.url = url
        client = requests.post(f"{url}/oauth2/clients", json={"redirect_uris": [REDIRECT_URI]}, timeout=5).json()
        self.client_id, self.client_secret = client["client_id"], client["client_secret"]

    def has_user(self, subject: str, **claims: Any) -> None:
        requests.put(f"{self.url}/users/{quote(subject, safe='')}", json=claims, timeout=5).raise_for_status()

    def sign_in(self, url: str, subject: str) -> str:
        """What the person does at the provider. Returns where the browser is sent next."""
        return requests.post(url, data={"sub": subject}, timeout=5, allow_redirects=False).headers["Location"]

    def deny(self, url: str) -> str:
        return requests.post(url, data={"action": "deny"}, timeout=5, allow_redirects=False).headers["Location"]


@contextmanager
def real_provider() -> Iterator[RealProvider]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--require-registration", "true", "--require-nonce", "true"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield RealProvider(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the OpenID provider did not start")


@cache
def signing_key(key_id: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": key_id})


class TellableProvider:
    """An OpenID provider whose every answer a test may replace: by JSON, by bytes, or by a function of its handler."""

    client_id, client_secret = "pub", "pub-secret"

    def __init__(self, url: str) -> None:
        self.url = url
        self.key = signing_key("one")
        self.claims: dict[str, Any] = {}
        self.token: dict[str, Any] = {}
        self.answers: dict[str, Any] = {}
        self.signs_with: tuple[dict[str, Any], Any] = ({"alg": "RS256", "kid": "one"}, self.key)
        self.token_requests: list[dict[str, str]] = []

    def answer_to(self, path: str) -> Any:
        return self.answers[path] if path in self.answers else getattr(self, path.strip("/").replace("-", "_"))()

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/issue",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def issue(self) -> dict[str, Any]:
        answer = {"access_token": "a", "token_type": "Bearer", "expires_in": 3600, "id_token": self.id_token()}
        return {key: value for key, value in (answer | self.token).items() if value is not None}

    def id_token(self) -> str:
        now = int(time.time())
        standard = {
            "iss": self.url,
            "aud": self.client_id,
            "sub": "1001",
            "iat": now,
            "exp": now + 600,
            "nonce": self.nonce,
            "email": "zoe@example.com",
            "email_verified": True,
        }
        claims = {key: value for key, value in (standard | self.claims).items() if value is not None}
        header, key = self.signs_with
        return self.sign(header, json.dumps(claims), key)

    def sign(self, header: dict[str, Any], payload: str, key: Any) -> str:
        return jws.serialize_compact(header, payload, key, algorithms=[header["alg"]])

    def sign_in(self, url: str) -> str:
        asked = dict(parse_qsl(urlsplit(url).query))
        self.nonce, self.challenge = asked["nonce"], asked["code_challenge"]
        return f"{REDIRECT_URI}?code=good&state={asked['state']}"


@contextmanager
def tellable_provider() -> Iterator[TellableProvider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("/discovery" if self.path.startswith("/.well-known/") else self.path)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.token_requests.append({key: values[0] for key, values in parse_qs(body).items()})
            self._answer(self.path)

        def _answer(self, path: str) -> None:
            answer = provider.answer_to(path)
            if callable(answer):
                answer(self)
                return
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: Any) -> None:
            """A client that hangs up on a bad answer is what these tests want."""

    server = Server(("127.0.0.1", 0), Handler)
    provider = TellableProvider(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
