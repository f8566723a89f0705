"""Rate limits by name. A limit that protects a secret is counted in the database, the rest in memory or Redis.

All are fixed windows that open with the first hit, counted atomically: n a minute lets exactly n through.
"""

import logging
import math
import time
from datetime import timedelta
from functools import cache
from threading import Lock

from django.conf import settings
from django.db import connection
from django.utils import timezone
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from core.errors import TooMany
from core.models import RateWindow
from core.seal import keyed_hash

log = logging.getLogger(__name__)

# A Redis that hangs may cost a request this long, and not more often than this.
PATIENCE = 0.2
AWAY_FOR = 5.0


class MemoryWindows:
    """Windows counted in this process, exactly under threads. Those that are over are swept out as others come."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}
        self._sweep_at = 10_000

    def seconds_to_wait(self, item: RateLimitItem, name: str, key: str) -> float:
        """Count one hit; 0 while the limit holds."""
        now = time.time()
        with self._lock:
            until, count = self._windows.get((name, key), (0.0, 0))
            if until <= now:
                until, count = now + item.get_expiry(), 0
            self._windows[name, key] = until, count + 1
            if len(self._windows) > self._sweep_at:
                self._sweep(now)
        return 0 if count < item.amount else until - now

    def _sweep(self, now: float) -> None:
        self._windows = {key: window for key, window in self._windows.items() if window[0] > now}
        self._sweep_at = max(10_000, 2 * len(self._windows))


class RedisWindows:
    """Windows counted in Redis, one count for all processes; in this process while Redis is away."""

    def __init__(self, url: str) -> None:
        # Once more on a connection that was closed, as a restart of Redis leaves them; never on one that hangs.
        retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
        storage = storage_from_string(
            url,
            wrap_exceptions=True,
            socket_connect_timeout=PATIENCE,
            socket_timeout=PATIENCE,
            retry=retry,  # type: ignore[arg-type]
        )
        self._limiter = FixedWindowRateLimiter(storage)
        self._meanwhile = MemoryWindows()
        self._away_until = 0.0

    def seconds_to_wait(self, item: RateLimitItem, name: str, key: str) -> float:
        if time.monotonic() >= self._away_until:
            try:
                return self._ask_redis(item, name, key)
            except StorageError:
                self._away_until = time.monotonic() + AWAY_FOR
                log.warning("rate limit storage is away, counting in this process")
        return self._meanwhile.seconds_to_wait(item, name, key)

    def _ask_redis(self, item: RateLimitItem, name: str, key: str) -> float:
        if self._limiter.hit(item, name, key):
            return 0
        return max(1.0, self._limiter.get_window_stats(item, name, key).reset_time - time.time())


def _windows_of(url: str) -> MemoryWindows | RedisWindows:
    return MemoryWindows() if url == "memory://" else RedisWindows(url)


_windows = _windows_of(settings.RATE_LIMIT_STORAGE)
_parsed = cache(parse)


def hit(name: str, key: str) -> None:
    """Count one request in the limit `name` of settings.RATE_LIMITS. Raises TooMany with `retry_after`."""
    wait = _windows.seconds_to_wait(_parsed(settings.RATE_LIMITS[name]), name, key)
    if wait:
        raise TooMany(retry_after=math.ceil(wait))


_COUNT = """
INSERT INTO core_ratewindow AS w (key, started_at, count) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN w.started_at <= %(over)s THEN 1 ELSE w.count + 1 END,
    started_at = CASE WHEN w.started_at <= %(over)s THEN excluded.started_at ELSE w.started_at END
RETURNING count
"""


def hit_durably(name: str, key: str) -> None:
    """The same, counted in the database: it survives restarts and is one count for all processes.

    The count is part of the caller's transaction, if there is one.
    """
    item = _parsed(settings.RATE_LIMITS[name])
    period = timedelta(seconds=item.get_expiry())
    hashed = keyed_hash("limit", f"{name}:{key}")
    if _count(hashed, period) > item.amount:
        raise TooMany(retry_after=_seconds_left(hashed, period))


def _count(key: str, period: timedelta) -> int:
    """Hits in the window now, this one included. One statement, so that no two callers see the same number."""
    now = timezone.now()
    moment = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": key, "now": moment(now), "over": moment(now - period)})
        return int(cursor.fetchone()[0])


def _seconds_left(key: str, period: timedelta) -> int:
    window = RateWindow.objects.filter(key=key).first()
    if window is None:
        return 1
    return max(1, math.ceil((window.started_at + period - timezone.now()).total_seconds()))


def purge_windows() -> int:
    """Forget windows nobody can still be counted in. Returns how many."""
    return RateWindow.objects.filter(started_at__lt=timezone.now() - timedelta(days=2)).delete()[0]
