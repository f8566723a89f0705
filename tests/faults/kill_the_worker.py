"""Kill the job worker again and again while it works through a pile of mails; print one line of JSON.

    python -m tests.faults.kill_the_worker [--jobs 2000] [--kills 20] [--seed 1]

DATABASE_URL (an empty database) and REDIS_URL (an unused number) choose where; without them SQLite in a temporary
directory serves. "lost" and "doubled" are counted at a provider that knows a repeated Message-ID for what it is;
"repeated" is how often it had to: mostly mails that were in its hands, unanswered, when the worker died, since here it
thinks for a third of the time that a mail takes.
"""

import argparse
import ast
import json
import os
import platform
import random
import sys
import tempfile
import time
from pathlib import Path

import django
import huey

from tests.faults.worker import COUNT_MAILS, QUEUE_MAILS, Place, Worker, wait_until
from tests.smtp_sink import SmtpSink, smtp_sink

LEASE_SECONDS = 5
THINKING = 0.01


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, smtp_sink(delay=THINKING) as sink:
        result = _run(Path(directory), sink, asked.jobs, asked.kills, random.Random(asked.seed))
    figures = {"check": "K7", "seed": asked.seed, **result, **_versions()}
    sys.stdout.write(f"{json.dumps(figures)}\n")
    return 0 if result["lost"] == 0 and result["stored"] == {"sent": asked.jobs} else 1


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
    worker.stop()
    deliveries = sink.deliveries()
    return {
        "jobs": jobs,
        "kills": kills,
        "lost": jobs - len(deliveries),
        "doubled": len(deliveries) - len({mail["To"] for mail in sink.mails}),
        "repeated": len(sink.mails) - len(deliveries),
        "stored": ast.literal_eval(place.run(COUNT_MAILS)),
        "seconds": round(time.monotonic() - started, 1),
    }


def _wait_for(sink: SmtpSink, arrived: int, worker: Worker) -> None:
    if not wait_until(lambda: len(sink.deliveries()) >= arrived, seconds=300):
        worker.kill()
        raise SystemExit(f"only {len(sink.deliveries())} of {arrived} mails arrived")


def _versions() -> dict[str, str]:
    return {
        "database": os.environ.get("DATABASE_URL", "sqlite").split(":")[0],
        "queue": os.environ.get("REDIS_URL", "sqlite").split(":")[0],
        "python": platform.python_version(),
        "django": django.__version__,
        "huey": huey.__version__,
    }


if __name__ == "__main__":
    sys.exit(main())
