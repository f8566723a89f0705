"""Is the process alive, and can it serve?"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError

PATIENCE_SECONDS = 2

log = logging.getLogger(__name__)


def live(request: HttpRequest) -> JsonResponse:
    """200 while the process runs; asks nobody."""
    return JsonResponse({"status": "ok"})


async def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, is migrated, and the channel layer carries a message; else 503 saying which.

    Each has PATIENCE_SECONDS to answer, all at once.
    """
    checks: dict[str, Callable[[], Awaitable[bool]]] = {
        "database": sync_to_async(_migrated, thread_sensitive=False),
        "channel_layer": _carries,
    }
    answers = await asyncio.gather(*(_holds(name, check) for name, check in checks.items()))
    results = dict(zip(checks, answers, strict=True))
    ok = all(answers)
    return JsonResponse({"status": "ok" if ok else "unavailable", "checks": results}, status=200 if ok else 503)


async def _holds(name: str, check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await check()
    except (AnyDatabaseError, RedisError, OSError, TimeoutError) as trouble:
        log.warning("not ready: %s: %s", name, type(trouble).__name__)
        return False


def _migrated() -> bool:
    try:
        return _known_migrations() <= MigrationRecorder(connection).applied_migrations().keys()
    finally:
        connection.close()


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """Those of this process's code, which does not change while it runs."""
    return frozenset(MigrationLoader(None).disk_migrations)


async def _carries() -> bool:
    layer = get_channel_layer()
    channel = await layer.new_channel("ready.")
    try:
        await layer.send(channel, {"type": "ready"})
        return bool(await layer.receive(channel))
    finally:
        await _forget(layer, channel)


async def _forget(layer: Any, channel: str) -> None:
    """A layer lets go of a channel when who waits on it is cancelled; it has no other word for it."""
    waiting = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
