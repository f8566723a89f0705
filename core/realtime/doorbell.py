"""What processes tell each other over the channel layer. It may be lost, late or doubled: the database is true."""

import asyncio
import logging
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from channels.exceptions import ChannelFull
from redis.exceptions import RedisError

from core.background import Background, within
from core.realtime.figures import figures

log = logging.getLogger(__name__)

LAYER_TROUBLE = (RedisError, OSError, ChannelFull, TimeoutError, RuntimeError)
PATIENCE = 1.0
RINGS_WAITING = 1000
# After a ring, those that follow within this go out together: to send one costs as much as to write to many sockets.
TOGETHER_FOR = 0.005
TOGETHER = 16

Ring = dict[str, Any]


class Doorbell:
    """This process's one publisher, and its one subscription for each group it wants to hear.

    The first ring is sent at once, and what waits after it for a group in one message. Rings wait in a bounded line,
    the oldest giving way. One that cannot be sent is dropped: what it told is found in the database; only a `lasting`
    one, which nothing else would tell soon, is tried again.
    """

    def __init__(self, layer: Any, on_ring: Callable[[str, Ring], None]) -> None:
        self._layer = layer
        self._on_ring = on_ring
        self._origin = uuid.uuid4().hex
        self._background = Background()
        self._channel: str | None = None
        self._opening = asyncio.Lock()
        self._waiting: deque[tuple[str, Ring, bool]] = deque(maxlen=RINGS_WAITING)
        self._rung = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._wanted: dict[str, asyncio.Future[None]] = {}
        self._joined: set[str] = set()
        self._unsettled: dict[str, None] = {}
        self._changed = asyncio.Event()

    def start(self, *, listening: bool = True) -> None:
        self._background.keep(self._publish)
        if listening:
            self._background.keep(self._listen)
            self._background.keep(self._subscribe)

    async def stop(self, *, patience: float = 0.5) -> None:
        """Let go, once what waits and what is being sent has been sent, or after `patience`."""
        await within(patience, self._idle.wait())
        await self._background.stop()

    def want(self, group: str) -> None:
        """Hear this group's rings from soon on. With the layer away it is joined later; who listens heals meanwhile."""
        if group not in self._wanted:
            self._wanted[group] = asyncio.get_running_loop().create_future()
            self._settle(group)

    def unwant(self, group: str) -> None:
        joining = self._wanted.pop(group, None)
        if joining is not None:
            joining.cancel()
            self._settle(group)

    async def heard(self, group: str) -> None:
        """Wait until a wanted group is heard, or a second: then it goes on without."""
        joining = self._wanted.get(group)
        if joining is not None and not joining.done():
            await asyncio.wait((joining,), timeout=PATIENCE)

    def ring(self, group: str, ring: Ring, *, lasting: bool = False) -> None:
        self._waiting.append((group, ring, lasting))
        self._idle.clear()
        self._rung.set()

    async def _publish(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            for group, some in self._taken():
                await self._send(group, some)
            self._idle.set()
            await asyncio.sleep(TOGETHER_FOR)

    def _taken(self) -> Iterator[tuple[str, list[tuple[Ring, bool]]]]:
        """What waits, by group and in the order in which it was rung there, until nothing does."""
        while self._waiting:
            by_group: dict[str, list[tuple[Ring, bool]]] = defaultdict(list)
            while self._waiting:
                group, ring, lasting = self._waiting.popleft()
                by_group[group].append((ring, lasting))
            for group, some in by_group.items():
                for start in range(0, len(some), TOGETHER):
                    yield group, some[start : start + TOGETHER]

    async def _send(self, group: str, some: list[tuple[Ring, bool]]) -> None:
        rings = [ring for ring, _ in some]
        try:
            async with asyncio.timeout(PATIENCE):
                await self._layer.group_send(
                    group, {"type": "rings", "origin": self._origin, "group": group, "rings": rings}
                )
            figures.sent += len(some)
        except LAYER_TROUBLE as trouble:
            figures.lost += len(some)
            log.warning("cannot ring: %s", type(trouble).__name__)
            for ring, lasting in some:
                if lasting:
                    asyncio.get_running_loop().call_later(PATIENCE, partial(self.ring, group, ring, lasting=True))

    def _settle(self, group: str) -> None:
        self._unsettled[group] = None
        self._changed.set()

    async def _subscribe(self) -> None:
        """Bring what is joined in line with what is wanted, one group at a time: so a leave never overtakes a join."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._unsettled:
                group = next(iter(self._unsettled))
                del self._unsettled[group]
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self._join_or_leave(group)
                except LAYER_TROUBLE as trouble:
                    log.warning("cannot join or leave a group of the channel layer: %s", type(trouble).__name__)
                    self._settle(group)
                    await asyncio.sleep(PATIENCE)

    async def _join_or_leave(self, group: str) -> None:
        if group not in self._wanted:
            self._joined.discard(group)
            await self._layer.group_discard(group, await self._own_channel())
            return
        if group not in self._joined:
            await self._layer.group_add(group, await self._own_channel())
            self._joined.add(group)
        joining = self._wanted.get(group)
        if joining is not None and not joining.done():
            joining.set_result(None)

    async def _own_channel(self) -> str:
        async with self._opening:
            if self._channel is None:
                self._channel = await self._layer.new_channel("hub.")
            return self._channel

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._layer.receive(await self._own_channel())
            except LAYER_TROUBLE as trouble:
                log.warning("cannot hear the channel layer: %s", type(trouble).__name__)
                await asyncio.sleep(PATIENCE)
                continue
            if message["origin"] != self._origin:
                figures.heard += len(message["rings"])
                for ring in message["rings"]:
                    self._on_ring(message["group"], ring)
