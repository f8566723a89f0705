"""Frames that many sockets are sent, each socket in one write."""

from collections.abc import Iterable, Mapping
from itertools import accumulate

from core.realtime.outbox import Outbox
from core.realtime.wire import Frame


class Bundle:
    """The frames, by what each tells of, and their bytes joined once.

    What one socket is not to be told is cut out of them, so that a write costs a copy and not a join.
    """

    def __init__(self, frames: Mapping[int, Frame]) -> None:
        self._frames = list(frames.values())
        self._places = {about: place for place, about in enumerate(frames)}
        self._ends = [0, *accumulate(len(frame.wire) for frame in self._frames)]
        self._wire = b"".join(frame.wire for frame in self._frames)

    def send(self, outbox: Outbox, *, without: Iterable[int] = ()) -> int:
        """How many frames were left to send."""
        places = sorted(self._places[about] for about in without if about in self._places)
        frames, wire = self._cut(places) if places else (self._frames, self._wire)
        if frames:
            outbox.send_many(frames, wire)
        return len(frames)

    def _cut(self, places: list[int]) -> tuple[list[Frame], bytes]:
        frames: list[Frame] = []
        parts: list[bytes] = []
        start = 0
        for place in (*places, len(self._frames)):
            frames += self._frames[start:place]
            parts.append(self._wire[self._ends[start] : self._ends[place]])
            start = place + 1
        return frames, b"".join(parts)
