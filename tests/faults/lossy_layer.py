"""A channel layer as bad as one may be: of what it carries some is dropped, some late and some doubled."""

import asyncio
import logging
import random
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

log = logging.getLogger(__name__)

SHARE = 0.05
LATE = 2.0
FATES = ("dropped", "late", "doubled")


class LossyLayer(RedisPubSubChannelLayer):
    """Redis's, behind chance: 5 % of what is sent to a group is dropped, 5 % is 2 s late, 5 % is sent twice.

    Each process tosses a coin of its own, which falls alike for the same seed.
    """

    def __init__(self, *, seed: str, **options: Any) -> None:
        super().__init__(**options)
        self._chance = random.Random(seed)
        self._late: set[asyncio.Task[None]] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        fate = self._toss()
        if fate != "carried":
            log.info("a ring is %s", fate)
        if fate == "late":
            task = asyncio.ensure_future(self._send_late(group, message))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        elif fate != "dropped":
            await self._send(group, message)
            if fate == "doubled":
                await self._send(group, message)

    def _toss(self) -> str:
        tossed = int(self._chance.random() / SHARE)
        return FATES[tossed] if tossed < len(FATES) else "carried"

    async def _send_late(self, group: str, message: dict[str, Any]) -> None:
        await asyncio.sleep(LATE)
        await self._send(group, message)

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        await self._get_layer().group_send(group, message)
