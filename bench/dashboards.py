"""Dashboard rows: what each takes when its days are closed, beside counting all rows when asked, as a plain build would
and as the product does with every day open. What is shown must be what a plain build counts.
"""

import asyncio
import http.client
import json
import time
from dataclasses import dataclass, replace
from statistics import median, quantiles
from typing import Any

import psycopg

from bench import harness, plain_tables
from bench.harness import FIRST_PORT, run_python
from bench.rest import PRODUCT, PRODUCT_ENVIRONMENT

URL = harness.database_url("dashboards")
ENVIRONMENT = {**PRODUCT_ENVIRONMENT, "DATABASE_URL": URL}
SERVER = replace(PRODUCT, name="dashboards", environment=ENVIRONMENT)
SIZES = {"messages": 5_000_000, "scans": 1_000_000, "redemptions": 200_000}
RECOUNTS = 3
ASKED = 20
TARGET_MS, TARGET_RATIO = 150, 50
CLOSE = "import django; django.setup(); from analytics.services import close_days; print(close_days())"
SIGN_IN = """
import django; django.setup()
import json
from django.test import Client
from accounts.models import User
from venues.models import Venue
def session_of(user):
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value
owners = {who: Venue.objects.select_related("owner").get(pk=venue).owner for who, venue in VENUES.items()}
owners["superuser"] = User.objects.get(username="root")
print(json.dumps({who: session_of(user) for who, user in owners.items()}))
"""


@dataclass(frozen=True)
class Took:
    """Milliseconds from request to the end of the answer; `first` is of a process that had not been asked it yet."""

    first: float
    others: list[float]
    processor: float
    answer: bytes

    @property
    def usual(self) -> float:
        return median(self.others)

    @property
    def p95(self) -> float:
        return quantiles(self.others, n=20, method="inclusive")[-1]


async def run(*, seconds: float, repeats: int) -> None:
    """However long is asked for, each dashboard is asked a fixed number of times."""
    try:
        await asyncio.to_thread(measure, prepare())
    finally:
        harness.drop_database(URL)


def prepare() -> dict[str, Any]:
    harness.create_database(URL)
    run_python("manage.py", "migrate", "--verbosity=0", environment=ENVIRONMENT)
    run_python("manage.py", "collectstatic", "--noinput", "--verbosity=0", environment=ENVIRONMENT)
    sizes = [part for name, size in SIZES.items() for part in (f"--{name}", str(size))]
    facts = json.loads(run_python("-m", "bench.plant_history", *sizes, environment=ENVIRONMENT))
    facts["venues"] = {"owner": facts["venue"], "chain": facts["chain"]}
    sign_in = SIGN_IN.replace("VENUES", repr(facts["venues"]))
    return {**facts, "browsers": json.loads(run_python("-c", sign_in, environment=ENVIRONMENT))}


def measure(facts: dict[str, Any]) -> None:
    with psycopg.connect(URL, autocommit=True) as connection:
        plain_tables.copy_tables(connection)
    with harness.running(SERVER) as processes:
        with_every_day_open = ask_all(facts, processes[SERVER.name], times=RECOUNTS)
    close()
    plain = recount_plainly(facts)
    with harness.running(SERVER) as processes:
        asked = ask_all(facts, processes[SERVER.name], times=ASKED)
    for name, took in asked.items():
        recounting, counted = plain[name]
        if (figures := plain_tables.shown(name, decoded(took.answer))) != counted:
            raise SystemExit(f"{name}: shows {set(figures.items()) ^ set(counted.items())} otherwise than counted")
        ratio, open_ratio = recounting / took.usual, with_every_day_open[name].usual / took.usual
        harness.print_row(
            f"dashboard_{name}",
            ratio_to_recounting=round(ratio, 1),
            ratio_on_own_indexes=round(open_ratio, 1),
            ms=round(took.usual, 1),
            p95_ms=round(took.p95, 1),
            first_ms=round(took.first, 1),
            processor_ms=round(took.processor, 1),
            recounting_ms=round(recounting, 1),
            own_indexes_ms=round(with_every_day_open[name].usual, 1),
            figures_equal=len(figures),
            target_ms=TARGET_MS,
            target_ratio=TARGET_RATIO,
            reached=took.p95 < TARGET_MS and ratio >= TARGET_RATIO,
            sizes=SIZES,
        )


def recount_plainly(facts: dict[str, Any]) -> dict[str, tuple[float, plain_tables.Figures]]:
    with psycopg.connect(URL, autocommit=True) as connection:
        return {
            name: plain_tables.recount(connection, name, facts["venues"].get(name, facts["venue"]), times=RECOUNTS)
            for name in plain_tables.RECOUNTS
        }


def close() -> None:
    """All days, and then the last one once more, as it is every night."""
    first = closing()
    with psycopg.connect(URL, autocommit=True) as connection:
        stored = connection.execute("SELECT count(*) FROM analytics_dailyrollup").fetchone()
        connection.execute("DELETE FROM analytics_dailyrollup WHERE day = (SELECT max(day) FROM analytics_dailyrollup)")
        again = closing()
        connection.execute("VACUUM ANALYZE analytics_dailyrollup, analytics_monthlyrollup")
    harness.print_row(
        "closing_days", first_seconds=first, nightly_seconds=again, figures=stored and stored[0], sizes=SIZES
    )


def ask_all(facts: dict[str, Any], process: int, *, times: int) -> dict[str, Took]:
    return {name: ask(*how, process=process, times=times) for name, how in dashboards(facts).items()}


def decoded(answer: bytes) -> Any:
    return json.loads(answer) if answer[:1] in b"[{" else answer.decode()


def closing() -> float:
    started = time.monotonic()
    run_python("-c", CLOSE, environment=ENVIRONMENT)
    return round(time.monotonic() - started, 1)


def dashboards(facts: dict[str, Any]) -> dict[str, tuple[str, dict[str, str]]]:
    token = {"Authorization": f"Bearer {facts['superuser']}"}
    cookie = {who: {"Cookie": f"sessionid={session}"} for who, session in facts["browsers"].items()}
    return {
        "api": ("/superuser/dashboard/", token),
        "analytics": ("/superuser/analytics/", token),
        "reports": (f"/superuser/reports/?limit={plain_tables.REPORTED}", token),
        "admin": ("/admin/", cookie["superuser"]),
        "owner": ("/dashboard/", cookie["owner"]),
        "chain": ("/dashboard/", cookie["chain"]),
    }


def ask(path: str, headers: dict[str, str], *, process: int, times: int) -> Took:
    """Once, once more, and then as often as that."""

    def once() -> tuple[float, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", FIRST_PORT, timeout=600)
        started = time.monotonic()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        took = (time.monotonic() - started) * 1000
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{path}: answered {answer.status}")
        return took, body

    (first, body), _ = once(), once()
    before = harness.processor_seconds(process)
    others = [once()[0] for _ in range(times)]
    processor = (harness.processor_seconds(process) - before) * 1000 / times
    return Took(first, others, processor, body)
