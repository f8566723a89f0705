"""P10: chat history and a venue's dashboards take the same time at five million messages as at fifty thousand.

    python -m bench.faults.growth [--messages 5000000] [--repeats 300] [--quick]

What grows is the platform: venues, customers, messages, scans, redemptions, a hundred times as many. What is looked at
has as much of its own both times. Both are asked in turns of a few, of two servers, so that a busy machine slows both.
"""

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from statistics import median
from typing import Any

from bench import harness
from bench.faults.ground import ENVIRONMENT, PORT, PYTHON, milliseconds, report_row
from bench.harness import Server, running
from bench.load import http_request, measure, take

LARGE = {"messages": 5_000_000, "scans": 1_000_000, "redemptions": 200_000, "venues": 500, "customers": 20_000}
TIMES_LARGER = 100
QUICK_LARGER = 10
ASKED_IN_TURN = 10
TOLERANCE = 0.2
NO_LIMITS = {"RATE_LIMITS": "signed_in=1000000/minute"}


@dataclass(frozen=True)
class Platform:
    """One size of it, and the server that shows it."""

    server: Server
    facts: Mapping[str, Any]

    def requests(self) -> dict[str, list[bytes]]:
        venue, owner = self.facts["venue"], self.facts["owner"]
        chats = zip(self.facts["chats"], self.facts["customers"], strict=True)
        group = f"/group/{self.facts['var_id']}/history/?limit=50"
        return {
            "private_history": [http_request("GET", f"/private/{chat}/history/?limit=50", one) for chat, one in chats],
            "group_history": [http_request("GET", group, owner)],
            "group_history_early": [http_request("GET", f"{group}&before=1000", owner)],
            "venue_overview": [http_request("GET", f"/overview/{venue}/", owner)],
            "qr_analytics": [http_request("GET", f"/qr-analytics/{venue}/", owner)],
        }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.growth")
    parser.add_argument("--messages", type=int, default=LARGE["messages"], help="of the larger one")
    parser.add_argument("--repeats", type=int, default=300, help="how often each is asked")
    parser.add_argument("--quick", action="store_true", help="a tenth as large, and ten times the smaller one")
    asked = parser.parse_args()
    part = asked.messages / LARGE["messages"] / (QUICK_LARGER if asked.quick else 1)
    larger = QUICK_LARGER if asked.quick else TIMES_LARGER
    with ExitStack() as planted:
        platforms = {
            "small": planted.enter_context(platform("small", PORT + 5, part / larger)),
            "large": planted.enter_context(platform("large", PORT + 6, part)),
        }
        with running(*(each.server for each in platforms.values())):
            waits = asyncio.run(ask_both(platforms, asked.repeats))
    ratios = {what: round(waits["large", what] / waits["small", what], 2) for size, what in waits if size == "small"}
    figures = {
        "messages": round(part * LARGE["messages"]),
        "times_larger": larger,
        **ratios,
        "median_ms": {f"{size}_{what}": milliseconds(seconds) for (size, what), seconds in waits.items()},
    }
    return report_row("P10", figures, dict.fromkeys(ratios, 1 + TOLERANCE))


@contextmanager
def platform(name: str, port: int, part: float) -> Iterator[Platform]:
    """That part of the large one, in a database of its own."""
    url = harness.database_url(f"faults_{name}")
    environment = {**ENVIRONMENT, **NO_LIMITS, "DATABASE_URL": url, "PORT": str(port)}
    sizes = [f"--{what}={round(size * part)}" for what, size in LARGE.items()]
    harness.create_database(url)
    try:
        harness.run_python("manage.py", "migrate", "--verbosity=0", environment=environment)
        facts = json.loads(harness.run_python("-m", "bench.plant_history", *sizes, environment=environment))
        yield Platform(Server(name, (PYTHON, "-m", "config.server"), port, environment), facts)
    finally:
        harness.drop_database(url)


async def ask_both(platforms: Mapping[str, Platform], repeats: int) -> dict[tuple[str, str], float]:
    """The median wait of each, one request at a time."""
    waits: dict[tuple[str, str], list[float]] = defaultdict(list)
    asked = {
        (size, what): (each.server.address, cycle(requests))
        for size, each in platforms.items()
        for what, requests in each.requests().items()
    }
    for turn in range(repeats // ASKED_IN_TURN + 1):
        for which, (address, requests) in asked.items():
            seen = await measure(address, take(requests, ASKED_IN_TURN), at_once=1)
            if set(seen.statuses) != {200}:
                raise SystemExit(f"{which} answered {dict(seen.statuses)}")
            if turn:
                waits[which].append(seen.p50)
    return {which: median(seen) for which, seen in waits.items()}


if __name__ == "__main__":
    sys.exit(main())
