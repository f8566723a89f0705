"""What one server process has once on its event loop: its ear and its mouth on the channel layer.

Groups are named by whoever rings in them: `conversation.7`, `people`. A ring is a dictionary that any layer carries.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from channels.layers import get_channel_layer

from core.realtime.doorbell import Doorbell, Ring
from core.realtime.publisher import ring_from_outside

Hear = Callable[[Ring], None]


class Exchange:
    """`say` is heard here and in other processes, `ring` in others only. All of it runs on one event loop."""

    def __init__(self, layer: Any) -> None:
        self.loop = asyncio.get_running_loop()
        self._doorbell = Doorbell(layer, self._tell)
        self._ears: dict[str, list[Hear]] = {}

    def start(self) -> None:
        self._doorbell.start()

    async def stop(self) -> None:
        await self._doorbell.stop()

    def subscribe(self, group: str, hear: Hear) -> None:
        """From now on rings of this process are heard, those of others as soon as the layer has been told."""
        self._ears.setdefault(group, []).append(hear)
        self._doorbell.want(group)

    def unsubscribe(self, group: str, hear: Hear) -> None:
        ears = self._ears.get(group, [])
        if hear in ears:
            ears.remove(hear)
        if not ears and self._ears.pop(group, None) is not None:
            self._doorbell.unwant(group)

    async def heard(self, group: str) -> None:
        """Wait until a group is heard that was subscribed to, or a second: then it goes on without."""
        await self._doorbell.heard(group)

    def ring(self, group: str, ring: Ring, *, lasting: bool = False) -> None:
        self._doorbell.ring(group, ring, lasting=lasting)

    def say(self, group: str, ring: Ring, *, lasting: bool = False) -> None:
        self._tell(group, ring)
        self.ring(group, ring, lasting=lasting)

    def _tell(self, group: str, ring: Ring) -> None:
        for hear in tuple(self._ears.get(group, ())):
            hear(ring)


_running: dict[asyncio.AbstractEventLoop, Exchange] = {}


async def exchange() -> Exchange:
    """This loop's, started when first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _running:
        _running[loop] = Exchange(get_channel_layer())
        _running[loop].start()
    return _running[loop]


async def stop_exchange() -> None:
    """Send what waits, and let go of the channel layer."""
    running = _running.pop(asyncio.get_running_loop(), None)
    if running is not None:
        await running.stop()


def ring_everywhere(group: str, ring: Ring, *, lasting: bool = False) -> None:
    """Told from any thread, also in a process without sockets; every process hears it, this one too.

    What a ring tells must be stored by then: it may be lost. One that is `lasting` is tried again while the layer is
    away.
    """
    exchanges = tuple(_running.values())
    for running in exchanges:
        running.loop.call_soon_threadsafe(partial(running.say, group, ring, lasting=lasting))
    if not exchanges:
        ring_from_outside(group, ring, lasting=lasting)
