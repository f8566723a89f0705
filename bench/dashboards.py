"""Dashboard rows: the product's own answers with every day open, so that it counts raw rows, and with days closed."""

import asyncio
import http.client
import json
import time
from dataclasses import replace
from statistics import median
from typing import Any

import psycopg

from bench import harness
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
superuser = User.objects.get(username="root")
print(json.dumps({"superuser": session_of(superuser), "owner": session_of(Venue.objects.get(pk=VENUE).owner)}))
"""


async def run(*, seconds: float, repeats: int) -> None:
    """However long is asked for, each dashboard is asked a fixed number of times."""
    try:
        facts = prepare()
        with harness.running(SERVER):
            await asyncio.to_thread(measure, facts)
    finally:
        harness.drop_database(URL)


def prepare() -> dict[str, Any]:
    harness.create_database(URL)
    run_python("manage.py", "migrate", "--verbosity=0", environment=ENVIRONMENT)
    run_python("manage.py", "collectstatic", "--noinput", "--verbosity=0", environment=ENVIRONMENT)
    sizes = [part for name, size in SIZES.items() for part in (f"--{name}", str(size))]
    facts = json.loads(run_python("-m", "bench.plant_history", *sizes, environment=ENVIRONMENT))
    sign_in = SIGN_IN.replace("VENUE", str(facts["venue"]))
    return {**facts, "browsers": json.loads(run_python("-c", sign_in, environment=ENVIRONMENT))}


def measure(facts: dict[str, Any]) -> None:
    recounted = {name: ask(*how, times=RECOUNTS) for name, how in dashboards(facts).items()}
    first = closing()
    with psycopg.connect(URL, autocommit=True) as connection:
        stored = connection.execute("SELECT count(*) FROM analytics_dailyrollup").fetchone()
        connection.execute("DELETE FROM analytics_dailyrollup WHERE day = (SELECT max(day) FROM analytics_dailyrollup)")
        again = closing()
        connection.execute("VACUUM ANALYZE analytics_dailyrollup, analytics_monthlyrollup")
    harness.print_row(
        "closing_days", first_seconds=first, nightly_seconds=again, figures=stored and stored[0], sizes=SIZES
    )
    for name, how in dashboards(facts).items():
        took = ask(*how, times=ASKED)
        harness.print_row(
            f"dashboard_{name}",
            ratio_to_recounting=round(recounted[name] / took, 1),
            ms=round(took, 1),
            recounting_ms=round(recounted[name], 1),
            target_ms=TARGET_MS,
            target_ratio=TARGET_RATIO,
            reached=took < TARGET_MS and recounted[name] / took >= TARGET_RATIO,
            sizes=SIZES,
        )


def closing() -> float:
    started = time.monotonic()
    run_python("-c", CLOSE, environment=ENVIRONMENT)
    return round(time.monotonic() - started, 1)


def dashboards(facts: dict[str, Any]) -> dict[str, tuple[str, dict[str, str]]]:
    token = {"Authorization": f"Bearer {facts['superuser']}"}
    superuser, owner = ({"Cookie": f"sessionid={facts['browsers'][who]}"} for who in ("superuser", "owner"))
    return {
        "api": ("/superuser/dashboard/", token),
        "analytics": ("/superuser/analytics/", token),
        "reports": ("/superuser/reports/", token),
        "admin": ("/admin/", superuser),
        "owner": ("/dashboard/", owner),
    }


def ask(path: str, headers: dict[str, str], *, times: int) -> float:
    """How many milliseconds an answer takes, the first of which is not looked at."""

    def once() -> float:
        connection = http.client.HTTPConnection("127.0.0.1", FIRST_PORT, timeout=600)
        started = time.monotonic()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{path}: answered {answer.status}")
        return (time.monotonic() - started) * 1000

    once()
    return median(once() for _ in range(times))
