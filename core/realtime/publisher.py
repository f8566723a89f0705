"""Ringing from a process that has no sockets: a job worker, a command, a server nobody is connected to yet.

One thread with one event loop and one connection for the whole process, started with the first ring. Without Redis
there is nobody to ring: the one server process finds what was stored when it next compares heads.
"""

import asyncio
import atexit
import threading

from channels.layers import get_channel_layer
from django.conf import settings

from core.realtime.doorbell import Doorbell, Ring

LAST_PATIENCE = 2.0


class Publisher:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
        self._doorbell: Doorbell | None = None

    def start(self) -> None:
        self._thread.start()
        atexit.register(self.stop)

    def ring(self, group: str, ring: Ring, *, lasting: bool) -> None:
        self._loop.call_soon_threadsafe(self._ring, group, ring, lasting)

    def stop(self) -> None:
        """Before the process ends, what waits is sent."""
        atexit.unregister(self.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=2 * LAST_PATIENCE)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        if self._doorbell is not None:
            self._loop.run_until_complete(self._doorbell.stop(patience=LAST_PATIENCE))
        self._loop.close()

    def _ring(self, group: str, ring: Ring, lasting: bool) -> None:
        if self._doorbell is None:
            self._doorbell = Doorbell(get_channel_layer(), lambda group, ring: None)
            self._doorbell.start(listening=False)
        self._doorbell.ring(group, ring, lasting=lasting)


_lock = threading.Lock()
_publishers: list[Publisher] = []


def ring_from_outside(group: str, ring: Ring, *, lasting: bool = False) -> None:
    if not settings.REDIS_URL:
        return
    with _lock:
        if not _publishers:
            _publishers.append(Publisher())
            _publishers[0].start()
    _publishers[0].ring(group, ring, lasting=lasting)
