"""Requests are UTF-8, whatever charset they name."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Application = Callable[[Scope, Callable[..., Any], Callable[..., Any]], Awaitable[None]]

_CHARSET = re.compile(rb";\s*charset\s*=[^;]*", re.IGNORECASE)


class WithoutCharset:
    """Takes the charset off a request's media type before Django sees it.

    Django would decode query and body by any codec a client names while it makes the request, where nothing can answer
    for what goes wrong; and Python knows codecs that are none of text.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        headers = [(name, _without_charset(name, value)) for name, value in scope.get("headers", ())]
        await self.application({**scope, "headers": headers}, receive, send)


def _without_charset(name: bytes, value: bytes) -> bytes:
    return _CHARSET.sub(b"", value) if name.lower() == b"content-type" else value
