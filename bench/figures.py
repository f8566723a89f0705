"""What counting costs where it is hot: this project's plain numbers beside prometheus-client's own.

DEBUG=1 python -m bench.figures
"""

import json
import timeit
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram

from chat.events import PostedMessage
from chat.realtime.figures import Figures
from core.figures import Request, Requests
from core.surface.socket_figures import SocketFigures

TIMES = 200_000
REPEATS = 7
SOCKETS = 200
REQUEST = Request("GET", "venues/<int:venue_id>/", 200)


def nanoseconds(act) -> float:
    """Of the quickest of several rounds: the others measure what else ran here."""
    return round(min(timeit.repeat(act, number=TIMES, repeat=REPEATS)) / TIMES * 1e9, 1)


def main() -> None:
    requests, sockets, real_time = Requests(), SocketFigures(), Figures()
    entry = PostedMessage(1, 1, 1, 1, "c1", "Hello group!", datetime.now(UTC), "")
    registry = CollectorRegistry()
    frames = Counter("frames", "Frames", ("type",), registry=registry)
    seconds = Histogram("seconds", "Seconds", ("method", "route", "status"), registry=registry)
    nothing = nanoseconds(lambda: None)

    def received() -> None:
        sockets.received["message"] += 1

    costs = {
        "frame received": nanoseconds(received),
        f"message to a room of {SOCKETS}": nanoseconds(lambda: real_time.note_sent((entry,), SOCKETS)),
        "batch stored": nanoseconds(lambda: real_time.note_stored(50, 0.003)),
        "request": nanoseconds(lambda: requests.note(REQUEST, 0.003)),
    }
    theirs = {
        "frame received": nanoseconds(lambda: frames.labels("message").inc()),
        "request": nanoseconds(lambda: seconds.labels(*REQUEST).observe(0.003)),
    }
    figures = {
        "nanoseconds": {name: round(cost - nothing, 1) for name, cost in costs.items()},
        "prometheus_client_nanoseconds": {name: round(cost - nothing, 1) for name, cost in theirs.items()},
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
