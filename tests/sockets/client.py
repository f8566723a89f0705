"""A WebSocket client of the application itself: real ASGI events, real frames, no server between."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import URLRouter

from config.sockets import let_go_of_sockets, urlpatterns
from tests.sockets.documented import assert_documented

application = URLRouter(urlpatterns)
PATIENCE = 5


class Socket:
    """`await Socket.open(path)`, then `send` and `receive` frames; `code` is what it was closed with.

    A frame that is not in the AsyncAPI document fails the test, in either direction.
    """

    def __init__(self, path: str, headers: dict[str, str], subprotocols: list[str], extensions: dict[str, Any]) -> None:
        self.path, _, query = path.partition("?")
        self._to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.scope = {
            "type": "websocket",
            "path": self.path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": subprotocols,
            "extensions": extensions,
        }
        self.code: int | None = None

    @classmethod
    async def open(
        cls,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        subprotocols: list[str] | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> "Socket":
        socket = cls(path, headers or {}, subprotocols or [], extensions or {})
        socket.serving = asyncio.ensure_future(
            application(socket.scope, socket._to_server.get, socket._from_server.put)
        )
        await socket._to_server.put({"type": "websocket.connect"})
        accepted = await asyncio.wait_for(socket._from_server.get(), PATIENCE)
        assert accepted["type"] == "websocket.accept"
        socket.subprotocol = accepted.get("subprotocol")
        return socket

    async def send(self, frame: dict[str, Any]) -> None:
        assert_documented(self.path, "receive", frame)
        await self.send_unread(frame)

    async def send_unread(self, frame: Any) -> None:
        """Whatever it is: the document is not asked."""
        text = frame if isinstance(frame, str) else json.dumps(frame)
        await self._to_server.put({"type": "websocket.receive", "text": text})

    async def receive(self) -> Any:
        """The next frame; None when the socket was closed instead."""
        event = await asyncio.wait_for(self._from_server.get(), PATIENCE)
        if event["type"] == "websocket.close":
            self.code = event["code"]
            return None
        frame = json.loads(event["text"])
        assert_documented(self.path, "send", frame)
        return frame

    async def receive_type(self, kind: str) -> Any:
        """The next frame of this type, passing over others."""
        while (frame := await self.receive()) is not None:
            if frame.get("type") == kind:
                return frame
        raise AssertionError(f"closed with {self.code} before any {kind}")

    async def closed_with(self) -> tuple[list[Any], int | None]:
        """Every frame until the close, and its code."""
        frames = []
        while (frame := await self.receive()) is not None:
            frames.append(frame)
        return frames, self.code

    async def is_silent(self, seconds: float = 0.25) -> bool:
        await asyncio.sleep(seconds)
        return self._from_server.empty()

    async def close(self) -> None:
        await self._to_server.put({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self.serving, PATIENCE)


def play(scene: Callable[[], Awaitable[Any]]) -> Any:
    """Run a scene on a loop of its own, and let go of the hub afterwards."""

    async def whole() -> Any:
        try:
            return await scene()
        finally:
            await let_go_of_sockets()

    return asyncio.run(whole())
