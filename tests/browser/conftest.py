"""A real server with its job consumer and mail, and a real Chromium whose console must stay empty."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.elsewhere import pages_elsewhere
from tests.smtp_sink import smtp_sink

PROJECT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
OUTAGE = re.compile(r"net::ERR_|WebSocket connection to .* failed|WebSocket is closed before")


class Served:
    """`manage.py serve` on the demo data, in a directory and on a port of its own."""

    def __init__(self, data_dir, mail_port, allowed_origin):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.localhost_url = f"http://localhost:{port}"
        self.allowed_origin = allowed_origin
        self.log = data_dir / "log"
        self.process = None
        self.environ = {
            "PATH": os.environ["PATH"],
            "ENV_FILE": os.devnull,
            "DEBUG": "1",
            "DATA_DIR": str(data_dir),
            "PORT": str(port),
            "CORS_ALLOWED_ORIGINS": allowed_origin,
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail_port),
            "EMAIL_USE_TLS": "0",
            "RATE_LIMITS": "sign_in_account=1000/minute",
        }

    def prepare(self):
        subprocess.run((sys.executable, "manage.py", "prepare"), cwd=PROJECT, env=self.environ, check=True)

    def start(self):
        with self.log.open("ab") as log:
            command = (sys.executable, "manage.py", "serve")
            self.process = subprocess.Popen(
                command, cwd=PROJECT, env=self.environ, stdout=log, stderr=log, process_group=0
            )
        deadline = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def answers(self):
        try:
            return urllib.request.urlopen(f"{self.url}/healthz", timeout=5).status == 200
        except OSError:
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def mails():
    """Every mail the server has sent, in the order they came."""
    with smtp_sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def allowed_origin():
    """Where a client's own pages are served."""
    with pages_elsewhere() as origin:
        yield origin


@pytest.fixture(scope="session")
def server(tmp_path_factory, mails, allowed_origin):
    served = Served(tmp_path_factory.mktemp("served"), mails.port, allowed_origin)
    served.prepare()
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def chromium():
    """No longer than a module: while Playwright's loop runs, Django takes the main thread for an asynchronous one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Phones:
    """Browsers that know nothing of each other. `expected` are patterns of console errors that are no surprise; whom
    they may ask are `url` and `others`.
    """

    def __init__(self, chromium, url, *others):
        self.expected = []
        self._chromium = chromium
        self._url = url
        self._may_ask = (url, *others, "data:", "blob:")
        self._contexts = []
        self._complaints = []

    def open(self, **options):
        context = self._chromium.new_context(base_url=self._url, locale="en-GB", **{**PHONE, **options})
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: said.type in {"error", "warning"} and self._complaints.append(said.text))
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.on("request", self._expect_ours)
        return page

    def _expect_ours(self, request):
        if not request.url.startswith(self._may_ask):
            self._complaints.append(f"asked somebody else: {request.url}")

    def close(self):
        for context in self._contexts:
            context.close()
        return [text for text in self._complaints if not any(re.search(pattern, text) for pattern in self.expected)]


@pytest.fixture
def phones(chromium, server):
    """Afterwards nothing may have been complained about: no script error, no breach of the content policy, and nobody
    but the server may have been asked for anything.
    """
    phones = Phones(chromium, server.url)
    yield phones
    assert phones.close() == []
