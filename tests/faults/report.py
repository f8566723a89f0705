"""A row's line of JSON, and whether its figures hold."""

import argparse
import json
import platform
import sqlite3
import sys
from collections.abc import Mapping
from importlib.metadata import version

import psycopg
import redis

PACKAGES = ("django", "channels", "daphne")


def asked(description: str | None) -> argparse.Namespace:
    """`quick` and `seed`, from the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer faults and less traffic")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def missed(figures: Mapping[str, object], at_most: Mapping[str, float]) -> list[str]:
    """What is above its bound, in words; what was not measured is missed too."""
    return [
        f"{name} is {figures.get(name)}, not at most {most}"
        for name, most in at_most.items()
        if not isinstance(figure := figures.get(name), int | float) or figure > most
    ]


def report(
    row: str,
    figures: Mapping[str, object],
    at_most: Mapping[str, float],
    *,
    seed: int,
    versions: Mapping[str, str],
) -> int:
    """Print the line. Returns the exit code: 0 when every figure is within its bound."""
    above = missed(figures, at_most)
    line = {"row": row, **_finite(figures), "missed": above, "seed": seed, "versions": versions}
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()
    return 1 if above else 0


def _finite(figures: Mapping[str, object]) -> dict[str, object]:
    """JSON has no infinity: what never came is null."""
    return {name: None if figure == float("inf") else figure for name, figure in figures.items()}


def versions_of(database_url: str, redis_url: str) -> dict[str, str]:
    """Of what was measured: this Python and its packages, and the servers at these addresses. Empty is none."""
    found = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    if database_url.startswith("postgres"):
        with psycopg.connect(database_url) as connection:
            found["postgres"] = str(connection.info.parameter_status("server_version"))
    else:
        found["sqlite"] = sqlite3.sqlite_version
    if redis_url:
        with redis.Redis.from_url(redis_url) as client:
            found["redis"] = str(client.info("server")["redis_version"])
    return found
