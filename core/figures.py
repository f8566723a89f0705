"""What this process counts of itself: plain numbers, next to free to keep, for whoever asks."""

from bisect import bisect_left
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Histogram:
    """How many values were at most each of `bounds`, and how many were more: `counts` has one more than those."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def note(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Request(NamedTuple):
    """`route` is its pattern, so that there are only so many of these."""

    method: str
    route: str
    status: int


@dataclass
class Requests:
    """How long requests took. Several threads note them."""

    _seconds: dict[Request, Histogram] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def note(self, request: Request, seconds: float) -> None:
        with self._lock:
            histogram = self._seconds.get(request)
            if histogram is None:
                histogram = self._seconds[request] = Histogram(SECONDS)
            histogram.note(seconds)

    def seconds(self) -> list[tuple[Request, Histogram]]:
        with self._lock:
            return list(self._seconds.items())
