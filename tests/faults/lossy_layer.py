"""A channel layer as bad as one may be: of what it carries some is dropped, some late and some doubled."""

import asyncio
import random
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

SHARE = 0.05
LATE = 2.0


class LossyLayer(RedisPubSubChannelLayer):
    """Redis's, behind chance: 5 % of what is sent to a group is dropped, 5 % is 2 s late, 5 % is sent twice.

    Each process tosses a coin of its own, the same in every run with the same seed and port.
    """

    def __init__(self, *, seed: str, **options: Any) -> None:
        super().__init__(**options)
        self._chance = random.Random(seed)
        self._late: set[asyncio.Task[None]] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        tossed = self._chance.random()
        if tossed < SHARE:
            return
        if tossed < 2 * SHARE:
            task = asyncio.ensure_future(self._send_late(group, message))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return
        await self._send(group, message)
        if tossed < 3 * SHARE:
            await self._send(group, message)

    async def _send_late(self, group: str, message: dict[str, Any]) -> None:
        await asyncio.sleep(LATE)
        await self._send(group, message)

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        await self._get_layer().group_send(group, message)
