"""Pages that somebody else serves, on an origin of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PAGE = b'<!doctype html><html lang="en"><title>Somewhere else</title><link rel="icon" href="data:,"></html>'


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def pages_elsewhere() -> Iterator[str]:
    """Serves an empty page at the origin it yields: another port of localhost, which a browser takes for the same site
    as any other of its ports, so that cookies go along.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
