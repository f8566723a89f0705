"""The handler between Daphne and Django: one thread a request, and what it gives back."""

import asyncio
import threading

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.signals import request_finished
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from config.http import OneHopHandler

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True, serialized_rollback=True)]

SEEN = []


def note(what):
    SEEN.append((what, threading.current_thread().name.partition("_")[0], connection.connection is not None))


def echo(request):
    connection.ensure_connection()
    note("view")
    return HttpResponse(request.body)


def rows(request):
    connection.ensure_connection()
    return StreamingHttpResponse(noted_parts())


def noted_parts():
    for part in (b"one", b"two"):
        note("part")
        yield part


async def from_the_loop(request):
    note("view")
    return HttpResponse(b"looped")


async def streamed_from_the_loop(request):
    return StreamingHttpResponse(parts_from_the_loop())


async def parts_from_the_loop():
    for part in (b"one", b"two"):
        note("part")
        yield part


def broken(request):
    return StreamingHttpResponse(1 // 0 for _ in "x")


urlpatterns = [
    path("echo/", echo),
    path("rows/", rows),
    path("from-the-loop/", from_the_loop),
    path("streamed-from-the-loop/", streamed_from_the_loop),
    path("broken/", broken),
]


@pytest.fixture(autouse=True)
def _noted_ends():
    def end(**of):
        note("end")

    SEEN.clear()
    request_finished.connect(end)
    yield
    request_finished.disconnect(end)


def communicator(url):
    scope = {"type": "http", "method": "GET", "path": url, "query_string": b"", "headers": [(b"host", b"127.0.0.1")]}
    return ApplicationCommunicator(OneHopHandler(), scope)


async def answer_to(url, body):
    asked = communicator(url)
    await asked.send_input({"type": "http.request", "body": body[:1], "more_body": True})
    await asked.send_input({"type": "http.request", "body": body[1:]})
    await asked.wait(5)
    messages = [asked.output_queue.get_nowait() for _ in range(asked.output_queue.qsize())]
    return messages[0]["status"], [message["body"] for message in messages[1:] if message.get("body")]


def ask(url, body=b"body"):
    return asyncio.run(answer_to(url, body))


def test_view_and_end_share_a_thread_which_gives_its_connection_back():
    answer = ask("/echo/")

    assert (answer, SEEN) == ((200, [b"body"]), [("view", "request", True), ("end", "request", False)])


def test_what_streams_is_made_piece_by_piece_on_the_thread_of_its_view():
    answer = ask("/rows/")

    pieces = [("part", "request", True), ("part", "request", True)]
    assert (answer, SEEN) == ((200, [b"one", b"two"]), [*pieces, ("end", "request", False)])


def test_an_asynchronous_view_runs_on_the_event_loop():
    answer = ask("/from-the-loop/")

    assert (answer, SEEN) == ((200, [b"looped"]), [("view", "MainThread", False), ("end", "request", False)])


def test_an_asynchronous_stream_runs_on_the_event_loop():
    answer = ask("/streamed-from-the-loop/")

    pieces = [("part", "MainThread", False), ("part", "MainThread", False)]
    assert (answer, SEEN) == ((200, [b"one", b"two"]), [*pieces, ("end", "request", False)])


def test_a_stream_that_breaks_is_done_with_all_the_same():
    with pytest.raises(ZeroDivisionError):
        ask("/broken/")

    assert SEEN == [("end", "request", False)]


def test_a_client_that_leaves_before_its_request_is_whole_is_not_served():
    async def leave():
        asked = communicator("/echo/")
        await asked.send_input({"type": "http.request", "body": b"b", "more_body": True})
        await asked.send_input({"type": "http.disconnect"})
        await asked.wait(5)
        return asked.output_queue.qsize()

    assert (asyncio.run(leave()), SEEN) == (0, [])
