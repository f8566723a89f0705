"""A WebSocket client of the application itself: real ASGI events, real frames, no server between."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from channels.routing import URLRouter

from accounts.models import User
from chat.realtime.presence import Presence
from chat.realtime.process import real_time
from config.sockets import let_go_of_sockets, urlpatterns
from tests.sockets.documented import assert_documented

application = URLRouter(urlpatterns)
PATIENCE = 10


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
        return self._read(await asyncio.wait_for(self._from_server.get(), PATIENCE))

    async def receive_type(self, kind: str) -> Any:
        """The next frame of this type, passing over others."""
        while (frame := await self.receive()) is not None:
            if frame.get("type") == kind:
                return frame
        raise AssertionError(f"closed with {self.code} before any {kind}")

    async def receive_refusal(self) -> Any:
        """The next frame that refuses something, passing over others."""
        while (frame := await self.receive()) is not None:
            if "code" in frame:
                return frame
        raise AssertionError(f"closed with {self.code} before any refusal")

    async def receive_until(self, kind: str) -> list[Any]:
        """Every frame up to the next of this type."""
        frames: list[Any] = []
        while not frames or frames[-1].get("type") != kind:
            frames.append(await self.receive())
            assert frames[-1] is not None, f"closed with {self.code} before any {kind}"
        return frames

    def received(self) -> list[Any]:
        """Every frame that is there by now, up to a close."""
        frames = []
        while not self._from_server.empty() and (frame := self._read(self._from_server.get_nowait())) is not None:
            frames.append(frame)
        return frames

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

    def _read(self, event: dict[str, Any]) -> Any:
        if event["type"] == "websocket.close":
            self.code = event["code"]
            return None
        frame = json.loads(event["text"])
        assert_documented(self.path, "send", frame)
        return frame


async def until(is_so: Callable[[], Any]) -> None:
    """Ask again and again, and fail when it does not come to be so; what is asked may have to be awaited."""
    async with asyncio.timeout(PATIENCE):
        while not (await answer if isawaitable(answer := is_so()) else answer):
            await asyncio.sleep(0.01)


class Held:
    """A database call whose first one waits in its thread until it `may_go_on`."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()
        self.is_over = threading.Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        is_first = not self.has_begun.is_set()
        self.has_begun.set()
        if is_first:
            assert self.may_go_on.wait(PATIENCE)
        answer = self._call(*args, **kwargs)
        if is_first:
            self.is_over.set()
        return answer

    async def goes_on_during(self, stopping: Awaitable[None]) -> None:
        """What stops is given a moment to be done first, if it does not wait for the call."""
        stops = asyncio.ensure_future(stopping)
        await asyncio.wait([stops], timeout=0.2)
        self.may_go_on.set()
        await stops
        await until(self.is_over.is_set)


async def until_told_who_is_there() -> None:
    """Until all rooms were told of everybody who came or left by now."""
    live = await real_time()
    await until(lambda: is_settled(live.presence) and not any(room.whispers for room in live.hub.rooms.values()))


def is_settled(presence: Presence) -> bool:
    """Whether the leases are what they should be, and that was told."""
    there = set(+presence._devices)
    return not presence._unsettled and there == presence._leased == set(presence._devices)


async def until_deaf(to: User, by: User, *, is_deaf: bool = True) -> None:
    """Until the sockets of one user have taken notice of a block, or of its end."""
    hub = (await real_time()).hub

    def theirs() -> list[bool]:
        rooms = [listeners for room in hub.rooms.values() for listeners in room.listeners.values()]
        return [to.pk in one.deaf_to for listeners in rooms for one in listeners if one.user_id == by.pk]

    await until(lambda: theirs() and set(theirs()) == {is_deaf})


def play(scene: Callable[[], Awaitable[Any]]) -> Any:
    """Run a scene on a loop of its own, and let go of the hub afterwards."""

    async def whole() -> Any:
        try:
            return await scene()
        finally:
            await let_go_of_sockets()

    return asyncio.run(whole())
