"""P10 of channels: reading one takes the same time in a workspace of 500,000 messages as in one of 50,000.

Words are found within 150 ms in both, be they rare, common, of long ago, or said only where the caller may not read.

    python -m bench.faults.channel_growth [--messages 500000] [--repeats 300]

Both sizes have fifty channels and are asked in turns of a few, of two servers, so that a busy machine slows both.
"""

import argparse
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

from bench.faults.ground import PORT, report_row
from bench.faults.growth import LARGE_ONE, SMALL, TOLERANCE, Requests, ask, medians_of, platform, ratios_of
from bench.load import http_request

TIMES_LARGER = 10
PEOPLE = 20
CALLER = 3
PUBLIC_CHANNEL = 7
LONGEST_SEARCH_MS = 150
# By what the planted messages say: see `bench.plant_workspace`.
SEARCHES = {
    "rare": "needle",
    "common": "lunch",
    "long_ago": "legacy",
    "unreadable": "secret",
    "several": "lunch word17",
    "nowhere": "nowhere",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults.channel_growth")
    parser.add_argument("--messages", type=int, default=500_000, help="in the larger one")
    parser.add_argument("--repeats", type=int, default=300, help="how often each is asked")
    asked = parser.parse_args()
    sizes = ((SMALL, PORT + 5, asked.messages // TIMES_LARGER), (LARGE_ONE, PORT + 6, asked.messages))
    with ExitStack() as planted:
        platforms = {
            name: planted.enter_context(platform(name, port, planting(messages), requests))
            for name, port, messages in sizes
        }
        waits = ask(platforms, asked.repeats)
    ratios = ratios_of(waits)
    searches = [seconds for (_, what), seconds in waits.items() if what.startswith("search_")]
    figures = {
        "messages": asked.messages,
        "times_larger": TIMES_LARGER,
        **ratios,
        "slowest_search_ms": round(max(searches) * 1000, 1),
        "median_ms": medians_of(waits),
    }
    limits = {what: 1 + TOLERANCE for what in ratios if what.startswith("history_")}
    return report_row("P10 channels", figures, {**limits, "slowest_search_ms": LONGEST_SEARCH_MS})


def planting(messages: int) -> list[str]:
    return ["bench.plant_workspace", str(PEOPLE), f"--messages={messages}"]


def requests(facts: Mapping[str, Any]) -> Requests:
    token, channel = facts["tokens"][CALLER], facts["channels"][PUBLIC_CHANNEL]
    history = f"/api/messages/?channel_id={channel}&limit=50"
    search = f"/api/messages/search/?workspace_id={facts['workspace']}&q="
    asked = {"history_first": history, "history_before": f"{history}&before=100", "history_since": f"{history}&since=9"}
    asked |= {f"search_{what}": search + quote(words) for what, words in SEARCHES.items()}
    asked["search_channel"] = f"{history}&q=lunch"
    return {what: [http_request("GET", path, token)] for what, path in asked.items()}


if __name__ == "__main__":
    sys.exit(main())
