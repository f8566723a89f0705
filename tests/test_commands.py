"""The real thing: `manage.py serve` with its server and job consumer, on SQLite, spoken to over a socket."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
TOO_LARGE = {"error": "The request body is too large.", "code": "too_large"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def eventually(holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


class Served:
    """A development server of its own, with a data directory of its own."""

    def __init__(self, data_dir):
        self.port = free_port()
        self.log = data_dir / "log"
        self.environ = {
            "PATH": os.environ["PATH"],
            "ENV_FILE": os.devnull,
            "DEBUG": "1",
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
        }
        self.process = None

    def manage(self, *arguments):
        command = (sys.executable, "manage.py", *arguments)
        return subprocess.run(command, cwd=PROJECT, env=self.environ, capture_output=True, text=True, check=False)

    def start(self):
        """Does nothing while it runs."""
        if self.process and self.process.poll() is None:
            return
        with self.log.open("wb") as log:
            command = (sys.executable, "manage.py", "serve")
            self.process = subprocess.Popen(command, cwd=PROJECT, env=self.environ, stdout=log, stderr=log)
        assert eventually(self.answers), self.log.read_text()
        assert eventually(lambda: len(self.parts()) == 2)

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def parts(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def request(self, method, path, **options):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, **options)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


def alive(pid):
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(scope="module")
def prepared(migrated_dir):
    prepared = Served(migrated_dir)
    yield prepared
    prepared.end()


@pytest.fixture
def served(prepared):
    """One server for all, started again where a test has ended it."""
    prepared.start()
    return prepared


def test_it_is_alive_and_ready(served):
    assert served.request("GET", "/healthz") == (200, {"status": "ok"})
    assert served.request("GET", "/readyz") == (
        200,
        {"status": "ok", "checks": {"database": True, "channel_layer": True}},
    )


@pytest.mark.parametrize("megabytes", [3, 12])
def test_a_body_too_large_is_refused_in_the_contracts_words(served, megabytes):
    body = json.dumps({"username": "x" * megabytes * 1024 * 1024}).encode()
    headers = {"Content-Type": "application/json"}

    assert served.request("POST", "/login/customer/", body=body, headers=headers) == (413, TOO_LARGE)


@pytest.mark.parametrize("megabytes", [3, 12])
def test_so_is_one_that_hides_its_length(served, megabytes):
    chunks = (b"x" * 65536 for _ in range(megabytes * 16))
    headers = {"Content-Type": "application/json"}

    assert served.request("POST", "/login/customer/", body=chunks, headers=headers) == (413, TOO_LARGE)


def test_one_that_does_not_end_is_hung_up_on(served):
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as client:
        client.sendall(b"POST /login/customer/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")

        with pytest.raises(ConnectionError):
            client.sendall((b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 4000)


def test_no_second_server_serves_the_same_data(served, migrated_dir):
    second = Served(migrated_dir)

    outcome = subprocess.run(
        (sys.executable, "-m", "config.server"),
        cwd=PROJECT,
        env=second.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 1
    assert outcome.stderr == (
        f"Not started. Another server is running on {migrated_dir}. Several processes need REDIS_URL to be set.\n"
    )


def test_other_commands_work_beside_it(served):
    assert served.manage("migrate", "--check").returncode == 0


def test_addresses_with_what_they_carry_are_not_logged(served):
    served.request("GET", "/icebreakers/?gender=canary-in-a-query")

    assert "canary" not in served.log.read_text()


def test_told_to_stop_it_ends_well(served):
    parts = served.parts()

    served.process.send_signal(signal.SIGTERM)

    assert served.process.wait(60) == 0
    assert not any(alive(pid) for pid in parts)


@pytest.mark.parametrize("part", [0, 1])
def test_when_a_part_dies_all_end_and_say_so(served, part):
    parts = served.parts()

    os.kill(parts[part], signal.SIGKILL)

    assert served.process.wait(60) == 1
    assert "ended with status -9; stopping." in served.log.read_text()
    assert not any(alive(pid) for pid in parts)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_killed_outright_it_leaves_no_orphans(served):
    parts = served.parts()

    served.process.kill()
    served.process.wait(60)

    assert eventually(lambda: not any(alive(pid) for pid in parts))
