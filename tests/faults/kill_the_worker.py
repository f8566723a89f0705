"""Kill the job worker again and again while it works through a pile of mails; print one line of JSON.

    python -m tests.faults.kill_the_worker [--jobs 2000] [--kills 20] [--seed 1] [--quick]

DATABASE_URL (an empty database) and REDIS_URL (an unused number) choose where; without them SQLite in a temporary
directory serves. "lost" and "doubled" are counted at a provider that knows a repeated Message-ID for what it is;
"repeated" is how often it had to: mostly mails that were in its hands, unanswered, when the worker died, since here it
thinks for a third of the time that a mail takes.
"""

import argparse
import ast
import os
import random
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from tests.faults.report import report, versions_of
from tests.faults.worker import COUNT_MAILS, QUEUE_MAILS, Place, Worker, wait_until
from tests.smtp_sink import SmtpSink, smtp_sink

LEASE_SECONDS = 5
THINKING = 0.01


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="60 jobs and 3 kills")
    asked = parser.parse_args()
    jobs, kills = (60, 3) if asked.quick else (asked.jobs, asked.kills)
    with tempfile.TemporaryDirectory() as directory, smtp_sink(delay=THINKING) as sink:
        result = _run(Path(directory), sink, jobs, kills, random.Random(asked.seed))
    versions = versions_of(os.environ.get("DATABASE_URL", "sqlite"), os.environ.get("REDIS_URL", ""))
    more = {"huey": version("huey")}
    return report("K7", result, {"lost": 0, "unmarked": 0}, seed=asked.seed, versions={**versions, **more})


def _run(directory: Path, sink: SmtpSink, jobs: int, kills: int, chance: random.Random) -> dict[str, object]:
    more = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    place = Place(directory, sink.port, LEASE_SECONDS, more)
    place.migrate()
    place.run(QUEUE_MAILS.format(count=jobs))
    started = time.monotonic()
    for moment in sorted(chance.sample(range(1, jobs), kills)):
        worker = place.start_worker()
        _wait_for(sink, moment, worker)
        # At any moment of its work, and not just after the server's yes.
        time.sleep(chance.random() / 2)
        worker.kill()
    time.sleep(LEASE_SECONDS)
    worker = place.start_worker()
    _wait_for(sink, jobs, worker)
    stored = _wait_for_marks(place, jobs)
    worker.stop()
    deliveries = sink.deliveries()
    return {
        "jobs": jobs,
        "kills": kills,
        "lost": jobs - len(deliveries),
        "doubled": len(deliveries) - len({mail["To"] for mail in sink.mails}),
        "repeated": len(sink.mails) - len(deliveries),
        "stored": stored,
        "unmarked": jobs - stored.get("sent", 0),
        "seconds": round(time.monotonic() - started, 1),
    }


def _wait_for(sink: SmtpSink, arrived: int, worker: Worker) -> None:
    if not wait_until(lambda: len(sink.deliveries()) >= arrived, seconds=300):
        worker.kill()
        raise SystemExit(f"only {len(sink.deliveries())} of {arrived} mails arrived")


def _wait_for_marks(place: Place, jobs: int) -> dict[str, int]:
    """How many mails are in which state, once those that were sent when a worker died are marked as well."""
    stored: dict[str, int] = {}

    def all_are_marked() -> bool:
        stored.clear()
        stored.update({"sent": 0, **ast.literal_eval(place.run(COUNT_MAILS))})
        return stored["sent"] == jobs

    wait_until(all_are_marked, seconds=90)
    return stored


if __name__ == "__main__":
    sys.exit(main())
