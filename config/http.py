"""Django's ASGI handler with one thread hop a request.

Django's own runs a synchronous view's middleware partly on the event loop and hops to a new thread and back for nearly
every middleware; at 32 requests at once that was half of what a request cost.
"""

from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import StreamingHttpResponse
from django.urls import set_script_prefix

Scope = MutableMapping[str, Any]
Send = Callable[..., Any]


class OneHopHandler(ASGIHandler):
    """Serves a whole request, from its first middleware to giving its database connection back, on one of
    settings.REQUEST_THREADS threads. Asynchronous views run on the event loop meanwhile.
    """

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        threads = ThreadPoolExecutor(settings.REQUEST_THREADS, thread_name_prefix="request")
        self._in_thread = sync_to_async(self._serve, thread_sensitive=False, executor=threads)

    async def __call__(self, scope: Scope, receive: Callable[..., Any], send: Send) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            response = await self._in_thread(scope, body, send)
        if not response.streaming:
            await self.send_response(response, send)

    def _serve(self, scope: Scope, body: Any, send: Send) -> Any:
        """The answer, done with but for sending it. One that streams is sent from here, as it is made."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        try:
            if isinstance(response, StreamingHttpResponse):
                self._stream(response, send)
        finally:
            response.close()
        return response

    def _stream(self, response: StreamingHttpResponse, send: Send) -> None:
        parts = response.streaming_content
        if isinstance(parts, Iterator):
            response.streaming_content = _one_by_one(parts)
        async_to_sync(self.send_response)(response, send)


async def _one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each made on the thread that waits for it, where its database connection is; never all in memory."""
    make_next = sync_to_async(lambda: next(parts, None))
    while (part := await make_next()) is not None:
        yield part
