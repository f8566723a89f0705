"""Who is in a room, over all devices and processes: leases that this process renews and that run out when it dies."""

import asyncio
import logging
import uuid
from collections import Counter
from contextlib import suppress

from django.db import DatabaseError

from chat.entries import Whisper
from chat.realtime.hub import Hub
from chat.services import leases
from chat.services.leases import Key, Move
from core.background import Background
from core.threads import in_database_thread

log = logging.getLogger(__name__)

RENEW_EVERY = 10.0
MISS_EVERY = 5.0
TRY_AGAIN_AFTER = 1.0
AT_ONCE = 200


class Presence:
    """This process's part of who is where. Several devices of a user count as one.

    Coming and going is counted at once; one task brings the leases in line with the counts, whatever happened
    meanwhile, many at a time.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._node = uuid.uuid4()
        self._background = Background()
        self._devices: Counter[Key] = Counter()
        self._names: dict[Key, str] = {}
        self._leased: set[Key] = set()
        self._unsettled: dict[Key, None] = {}
        self._changed = asyncio.Event()
        # Of taking, dropping and renewing one at a time: what one reads of leases another must not change meanwhile.
        self._leasing = asyncio.Lock()

    def start(self) -> None:
        self._background.keep(self._settle)
        self._background.keep(self._renew)
        self._background.keep(self._miss)

    async def stop(self) -> None:
        """Give every lease back, so that others are told at once."""
        # What a thread has begun to take or renew is waited for: it would be stored after all was given back.
        async with self._leasing:
            await self._background.stop()
        with suppress(DatabaseError):
            await self._settle_all()
            await in_database_thread(leases.drop_leases_of, self._node)

    def arrive(self, conversation_id: int, user_id: int, username: str) -> None:
        """One more device; the room is told of a user's first one anywhere."""
        key = (conversation_id, user_id)
        self._names[key] = username
        self._devices[key] += 1
        self._settle_soon(key)

    def leave(self, conversation_id: int, user_id: int) -> None:
        """One device less; the room is told when it was the last one anywhere."""
        key = (conversation_id, user_id)
        self._devices[key] -= 1
        self._settle_soon(key)

    def _settle_soon(self, key: Key) -> None:
        self._unsettled[key] = None
        self._changed.set()

    async def _settle(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._settle_all()
            except DatabaseError as trouble:
                log.warning("cannot keep presence: %s", type(trouble).__name__)
                await asyncio.sleep(TRY_AGAIN_AFTER)
                self._changed.set()

    async def _settle_all(self) -> None:
        while self._unsettled:
            async with self._leasing:
                await self._settle_some()

    async def _settle_some(self) -> None:
        keys = list(self._unsettled)[:AT_ONCE]
        taken = [key for key in keys if self._devices[key] > 0 and key not in self._leased]
        dropped = [key for key in keys if self._devices[key] <= 0 and key in self._leased]
        for key in keys:
            del self._unsettled[key]
        try:
            moves = await in_database_thread(leases.settle_leases, self._node, taken=taken, dropped=dropped)
        except (DatabaseError, asyncio.CancelledError):
            self._unsettled.update(dict.fromkeys(keys))
            raise
        self._leased = (self._leased | set(taken)) - set(dropped)
        for move in moves:
            self._tell(move, self._names[move.key])
        self._forget_gone(keys)

    def _forget_gone(self, keys: list[Key]) -> None:
        for key in keys:
            if self._devices[key] <= 0 and key not in self._leased and key not in self._unsettled:
                del self._devices[key], self._names[key]

    def _tell(self, move: Move, username: str) -> None:
        conversation_id, user_id = move.key
        kind = "user_joined" if move.is_here else "user_left"
        self._hub.whisper(conversation_id, Whisper(kind, user_id, username, others_only=True, online=move.online))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                async with self._leasing:
                    await self._renew_all()
            except DatabaseError as trouble:
                log.warning("cannot renew presence: %s", type(trouble).__name__)

    async def _renew_all(self) -> None:
        if not self._leased:
            return
        held = await in_database_thread(leases.renew_leases, self._node)
        for key in self._leased - held:
            self._leased.discard(key)
            self._settle_soon(key)

    async def _miss(self) -> None:
        """Tell of those whose process died, whichever room they were in: its listeners may be anywhere.

        A process that nobody listens to leaves it to the others.
        """
        while True:
            await asyncio.sleep(MISS_EVERY)
            if not self._hub.rooms:
                continue
            try:
                for move, username in await in_database_thread(leases.drop_expired_leases):
                    self._tell(move, username)
            except DatabaseError as trouble:
                log.warning("cannot look for who is gone: %s", type(trouble).__name__)
