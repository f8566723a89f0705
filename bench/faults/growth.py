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
from collections.abc import Callable, Iterator, Mapping, Sequence
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
SMALL, LARGE_ONE = "small", "large"
Requests = Mapping[str, list[bytes]]
# Of each size, and of what was asked for.
Waits = Mapping[tuple[str, str], float]
NO_LIMITS = {"RATE_LIMITS": "signed_in=1000000/minute"}


@dataclass(frozen=True)
class Platform:
    """One size of it: the server that shows it, and what it is asked for."""

    server: Server
    requests: Requests


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
            name: planted.enter_context(platform(name, port, ["bench.plant_history", *sizes_of(size)], requests))
            for name, port, size in ((SMALL, PORT + 5, part / larger), (LARGE_ONE, PORT + 6, part))
        }
        waits = ask(platforms, asked.repeats)
    ratios = ratios_of(waits)
    figures = {
        "messages": round(part * LARGE["messages"]),
        "times_larger": larger,
        **ratios,
        "median_ms": medians_of(waits),
    }
    return report_row("P10", figures, dict.fromkeys(ratios, 1 + TOLERANCE))


def sizes_of(part: float) -> list[str]:
    """That part of the large one."""
    return [f"--{what}={round(size * part)}" for what, size in LARGE.items()]


def requests(facts: Mapping[str, Any]) -> Requests:
    venue, owner = facts["venue"], facts["owner"]
    chats = zip(facts["chats"], facts["customers"], strict=True)
    group = f"/group/{facts['var_id']}/history/?limit=50"
    return {
        "private_history": [http_request("GET", f"/private/{chat}/history/?limit=50", one) for chat, one in chats],
        "group_history": [http_request("GET", group, owner)],
        "group_history_early": [http_request("GET", f"{group}&before=1000", owner)],
        "venue_overview": [http_request("GET", f"/overview/{venue}/", owner)],
        "qr_analytics": [http_request("GET", f"/qr-analytics/{venue}/", owner)],
    }


@contextmanager
def platform(
    name: str, port: int, planting: Sequence[str], requests: Callable[[Mapping[str, Any]], Requests]
) -> Iterator[Platform]:
    """What this module plants, in a database of its own; `requests` are made of what it prints."""
    url = harness.database_url(f"faults_{name}")
    environment = {**ENVIRONMENT, **NO_LIMITS, "DATABASE_URL": url, "PORT": str(port)}
    harness.create_database(url)
    try:
        harness.run_python("manage.py", "migrate", "--verbosity=0", environment=environment)
        facts = json.loads(harness.run_python("-m", *planting, environment=environment))
        yield Platform(Server(name, (PYTHON, "-m", "config.server"), port, environment), requests(facts))
    finally:
        harness.drop_database(url)


def ask(platforms: Mapping[str, Platform], repeats: int) -> Waits:
    with running(*(each.server for each in platforms.values())):
        return asyncio.run(ask_both(platforms, repeats))


def ratios_of(waits: Waits) -> dict[str, float]:
    return {what: round(waits[LARGE_ONE, what] / waits[SMALL, what], 2) for size, what in waits if size == SMALL}


def medians_of(waits: Waits) -> dict[str, float]:
    return {f"{size}_{what}": milliseconds(seconds) for (size, what), seconds in waits.items()}


async def ask_both(platforms: Mapping[str, Platform], repeats: int) -> Waits:
    """The median wait of each, one request at a time."""
    waits: dict[tuple[str, str], list[float]] = defaultdict(list)
    asked = {
        (size, what): (each.server.address, cycle(requests))
        for size, each in platforms.items()
        for what, requests in each.requests.items()
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
