"""S10: requests that are endless, half sent or all headers cost little, end, and keep nobody from being served.

    python -m tests.faults.hostile_http [--headers 200000] [--halves 500] [--megabytes 300] [--quick]

Hostile answers of an OpenID provider are in venues/tests/test_google_login.py.
"""

import argparse
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from typing import Any

from bench.faults.ground import Process, planted, report_row, serving
from bench.faults.socket_client import Address
from bench.load import http_request

WARM_UP = 50
CHUNK = 64 * 1024
BODY, HALF = 96 * 1024, 48 * 1024
PATIENCE = 10
# Daphne ends a request that is not whole by then.
LONGEST_HALF = 70
QUICK = {"headers": 20_000, "halves": 100, "megabytes": 30}
AT_MOST = {"grown_kib": 50 * 1024, "not_served": 0, "headers_accepted": 0, "descriptors_left": 5}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.hostile_http")
    parser.add_argument("--headers", type=int, default=200_000)
    parser.add_argument("--halves", type=int, default=500)
    parser.add_argument("--megabytes", type=int, default=300, help="of an endless body, in chunks")
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    asked = parser.parse_args()
    sizes = QUICK if asked.quick else {name: getattr(asked, name) for name in QUICK}
    with planted(guests=1), serving() as (server,):
        figures = attack(server, **sizes)
    return report_row("S10", figures, AT_MOST)


def attack(server: Process, *, headers: int, halves: int, megabytes: int) -> dict[str, Any]:
    """While each goes on, somebody else asks. A server that crashed has no memory to look at, which ends this too."""
    for _ in range(WARM_UP):
        is_served(server.address)
    before, descriptors = server.resident_kib(), server.descriptors()
    most, not_served = [before], []

    def look() -> None:
        most.append(server.resident_kib())
        if not is_served(server.address):
            not_served.append(time.monotonic())

    answer = send_headers(server.address, headers)
    look()
    sent = send_without_end(server.address, megabytes, look)
    ended = send_halves(server.address, halves, look)
    time.sleep(1)
    look()
    return {
        "headers": headers,
        "headers_answer": answer,
        "headers_accepted": int(answer.startswith("HTTP/1.1 2")),
        "endless_megabytes_taken": sent,
        "halves": halves,
        "halves_ended_within_seconds": ended,
        "grown_kib": max(most) - before,
        "left_kib": most[-1] - before,
        "descriptors_left": server.descriptors() - descriptors,
        "not_served": len(not_served),
    }


def is_served(address: Address) -> bool:
    with closing(socket.create_connection(address, timeout=PATIENCE)) as connection:
        connection.sendall(http_request("GET", "/icebreakers/?limit=1"))
        return connection.recv(12) == b"HTTP/1.1 200"


def send_headers(address: Address, count: int) -> str:
    """The first line of the answer; empty when the server hung up without one."""
    with closing(socket.create_connection(address, timeout=PATIENCE)) as connection, suppress(ConnectionError):
        with suppress(ConnectionError):
            connection.sendall(b"GET /icebreakers/ HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            for _ in range(count // 1000):
                connection.sendall(b"X-Same: again\r\n" * 1000)
            connection.sendall(b"\r\n")
        return connection.recv(1000).decode().partition("\r\n")[0]
    return ""


def send_without_end(address: Address, megabytes: int, look: Callable[[], None]) -> int:
    """How many megabytes were taken before the server hung up."""
    head = (
        b"POST /login/customer/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = f"{CHUNK:x}\r\n".encode() + b" " * CHUNK + b"\r\n"
    taken = 0
    with closing(socket.create_connection(address, timeout=PATIENCE)) as connection, suppress(ConnectionError):
        connection.sendall(head)
        for number in range(megabytes * 1_000_000 // CHUNK):
            connection.sendall(chunk)
            taken += CHUNK
            if number % 200 == 0:
                look()
    return taken // 1_000_000


def send_halves(address: Address, count: int, look: Callable[[], None]) -> float | None:
    """Seconds until the last of them was ended by the server; None when one never was."""
    head = (
        f"POST /login/customer/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {BODY}\r\n\r\n"
    ).encode()
    with ExitStack() as open_connections:
        connections = []
        started = time.monotonic()
        for _ in range(count):
            connection = open_connections.enter_context(closing(socket.create_connection(address, timeout=PATIENCE)))
            connection.sendall(head + b" " * HALF)
            connections.append(connection)
        look()
        while time.monotonic() - started < LONGEST_HALF and any(is_open(each) for each in connections):
            time.sleep(1)
            look()
        waited = time.monotonic() - started
        return None if any(is_open(each) for each in connections) else round(waited)


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return False


if __name__ == "__main__":
    sys.exit(main())
