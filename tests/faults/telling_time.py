"""S4: asking for a one-time password, and trying one, takes the same time whether or not the address has an account.

    python -m tests.faults.telling_time [--each 1000] [--seed 1] [--quick]

Known and unknown addresses are asked about in random order over one connection, each once. Mann and Whitney's test
compares the two samples: `distance` is how many standard deviations its statistic is from what equal times would give,
`known_is_slower` how likely a known address takes longer than an unknown one; one half says nothing. That the test
would have noticed a difference of a twentieth is shown by adding that to one sample.
"""

import argparse
import http.client
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import psycopg

from bench import harness
from bench.faults.ground import DATABASE_URL, ENVIRONMENT, Facts, Process, planted, report_row, serving

NO_LIMITS = {"RATE_LIMITS": "anonymous=1000000/minute,sign_in_address=1000000/minute,sign_in_account=1000000/minute"}
ISSUE_ALL = """
from accounts.services.one_time_passwords import find_unissued, issue_one_time_password
while waiting := find_unissued():
    for one_time_password_id in waiting:
        issue_one_time_password(one_time_password_id)
"""
# Customers are called the first, nobody the second; both are as long.
NAMES = ("guest", "ghost")
WARM_UP = 50
QUICK = 200
DIFFERENCE = 0.05
# One in a thousand equal pairs of samples is further apart.
AT_MOST_Z = 3.29
AT_MOST = {
    "asking_distance": AT_MOST_Z,
    "trying_distance": AT_MOST_Z,
    "asking_effect": 0.06,
    "trying_effect": 0.06,
    "bodies": 2,
    "unnoticed": 0,
}


@dataclass(frozen=True)
class Person:
    username: str
    email: str
    is_known: bool


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.telling_time")
    parser.add_argument("--each", type=int, default=1000, help="addresses of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} of each kind")
    asked = parser.parse_args()
    each = QUICK if asked.quick else asked.each
    at_most = {**AT_MOST, "asking_effect": 0.1, "trying_effect": 0.1, "unnoticed": 2} if asked.quick else AT_MOST
    with planted(guests=each + WARM_UP) as facts, serving(**NO_LIMITS) as (server,):
        figures = compare(server, facts, each, random.Random(asked.seed))
    return report_row("S4", figures, at_most, seed=asked.seed)


def compare(server: Process, facts: Facts, each: int, chance: random.Random) -> dict[str, object]:
    people = [Person(f"{name}{n}", f"{name}{n}@example.com", name == "guest") for n in range(each) for name in NAMES]
    warming_up = [Person(f"guest{n}", f"guest{n}@example.com", True) for n in range(each, each + WARM_UP)]
    bodies: Counter[str] = Counter()
    connection = http.client.HTTPConnection(*server.address)

    def ask(person: Person) -> float:
        body = {"username": person.username, "email": person.email, "var_id": facts.var_id}
        return timed(connection, "/customers/login/passwordless/", body, bodies)

    def try_one(person: Person) -> float:
        return timed(connection, "/customers/login/validate-otp/", {"email": person.email, "otp": "000000"}, bodies)

    asking = samples(ask, warming_up, people, chance)
    issued = issue_all()
    trying = samples(try_one, warming_up, people, chance)
    compared = {**figures("asking", *asking), **figures("trying", *trying)}
    unnoticed = sum(
        z_of([wait + DIFFERENCE * median(known) for wait in known], unknown) <= AT_MOST_Z
        for known, unknown in (asking, trying)
    )
    return {"each": each, "codes_issued": issued, **compared, "bodies": len(bodies), "unnoticed": unnoticed}


def timed(connection: http.client.HTTPConnection, path: str, body: dict[str, str], bodies: Counter[str]) -> float:
    data = json.dumps(body)
    started = time.perf_counter()
    connection.request("POST", path, data, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read().decode()
    waited = time.perf_counter() - started
    bodies[f"{answer.status} {content}"] += 1
    return waited


def samples(
    wait_for: Callable[[Person], float], warming_up: Sequence[Person], people: Sequence[Person], chance: random.Random
) -> tuple[list[float], list[float]]:
    """Of the known and of the unknown."""
    for person in warming_up:
        wait_for(person)
    shuffled = chance.sample(people, len(people))
    waits = [(person.is_known, wait_for(person)) for person in shuffled]
    return [wait for is_known, wait in waits if is_known], [wait for is_known, wait in waits if not is_known]


def issue_all() -> int:
    """What the job does, before codes are tried. Returns how many were made: those of the known."""
    harness.run_python("manage.py", "shell", "--no-imports", "-c", ISSUE_ALL, environment=ENVIRONMENT)
    with psycopg.connect(DATABASE_URL) as connection:
        found = connection.execute("SELECT count(*) FROM accounts_onetimepassword WHERE code_hash <> ''").fetchone()
    return int(found[0]) if found else 0


def figures(what: str, known: Sequence[float], unknown: Sequence[float]) -> dict[str, float]:
    z, slower = z_of(known, unknown), part_of_pairs(known, unknown)
    return {
        f"{what}_known_median_ms": round(median(known) * 1000, 3),
        f"{what}_unknown_median_ms": round(median(unknown) * 1000, 3),
        f"{what}_known_is_slower": round(slower, 4),
        f"{what}_effect": round(abs(slower - 0.5), 4),
        f"{what}_distance": round(abs(z), 2),
        f"{what}_p": round(math.erfc(abs(z) / math.sqrt(2)), 4),
    }


def part_of_pairs(one: Sequence[float], other: Sequence[float]) -> float:
    """In what part of all pairs the first is greater: U over its most. Ties do not happen between clock readings."""
    ranked = sorted([(value, True) for value in one] + [(value, False) for value in other])
    ranks = sum(rank for rank, (_, is_first) in enumerate(ranked, start=1) if is_first)
    return (ranks - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


def z_of(one: Sequence[float], other: Sequence[float]) -> float:
    """How many standard deviations U is from its mean."""
    deviation = math.sqrt((len(one) + len(other) + 1) / (12 * len(one) * len(other)))
    return (part_of_pairs(one, other) - 0.5) / deviation


if __name__ == "__main__":
    sys.exit(main())
