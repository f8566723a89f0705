"""Running database work from the event loop on a sized pool of threads.

Not `sync_to_async`'s default, which runs everything of all sockets on one thread; not one thread per call either, so
that the database's connections stay within the pool's size.
"""

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import connections

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

KEPT_FOR = 1.0

_pool = ThreadPoolExecutor(max_workers=settings.SOCKET_DATABASE_THREADS, thread_name_prefix="socket-database")


async def in_database_thread(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """The function's result, or its exception; the loop goes on meanwhile."""
    call = partial(contextvars.copy_context().run, _with_connections, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_pool, call)


def _with_connections(call: Callable[[], Result]) -> Result:
    """A pooled connection goes back to its pool after each call; one that broke is dropped."""
    try:
        return call()
    finally:
        connections.close_all()


class KeptConnection:
    """A thread of one owner that keeps its connection from one call to the next, where they follow closely.

    A connection from the pool is asked first whether it still lives, which for small work is a part of its time. After
    an idle second, or a call that failed, the next call gives this one back and takes another.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._used_at = float("-inf")

    async def run(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """The function's result, or its exception; calls wait for each other."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._call, partial(function, *args, **kwargs)
        )

    async def stop(self, *, patience: float) -> None:
        """Give the connection back after the call that runs, unless that takes longer than one would wait."""
        closing = asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        await asyncio.wait((closing,), timeout=patience)
        self._thread.shutdown(wait=False)

    def _call(self, call: Callable[[], Result]) -> Result:
        if time.monotonic() - self._used_at > KEPT_FOR:
            connections.close_all()
        self._used_at = float("-inf")
        result = call()
        self._used_at = time.monotonic()
        return result
