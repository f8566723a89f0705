"""A worker that is killed in the middle of its work loses no mail. The long run is kill_the_worker.py."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.faults.worker import QUEUE_MAILS, Place, wait_until
from tests.smtp_sink import smtp_sink

MAILS = 60
KILLED_AFTER = (10, 25, 45)
WORKER_THREADS = 2
LEASE_SECONDS = 2
SEND_WAITING_MAILS = """
from notifications.selectors.mails import find_mails_to_send
from notifications.services.mails import send_mail
for mail_id in find_mails_to_send(limit=10):
    send_mail(mail_id)
"""


def statuses(directory: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(directory / "db.sqlite3")) as database:
        return database.execute("SELECT status, count(*) FROM notifications_outboxmail GROUP BY status").fetchall()


def test_every_mail_arrives_though_its_workers_are_killed(migrated_dir):
    with smtp_sink(delay=0.02) as sink:
        place = Place(migrated_dir, sink.port, LEASE_SECONDS)
        place.run(QUEUE_MAILS.format(count=MAILS))

        for arrived in KILLED_AFTER:
            worker = place.start_worker()
            assert wait_until(lambda arrived=arrived: len(sink.mails) >= arrived, seconds=90)
            worker.kill()
        time.sleep(LEASE_SECONDS)
        worker = place.start_worker()
        arrived_all = wait_until(lambda: len(sink.deliveries()) == MAILS, seconds=90)
        wait_until(lambda: statuses(migrated_dir) == [("sent", MAILS)], seconds=10)
        worker.stop()

    log = (migrated_dir / "worker.log").read_text()
    assert arrived_all, log
    assert {mail["To"] for mail in sink.mails} == {f"reader{number}@example.com" for number in range(MAILS)}
    assert statuses(migrated_dir) == [("sent", MAILS)]
    # A kill between the server's yes and the mark repeats at most what each thread had in hand.
    assert len(sink.mails) - MAILS <= len(KILLED_AFTER) * WORKER_THREADS
    assert "@example.com" not in log


def test_mail_is_printed_readably_where_no_mail_server_is_set(migrated_dir):
    place = Place(migrated_dir, 25, LEASE_SECONDS, more={"EMAIL_HOST": ""})

    printed = place.run(QUEUE_MAILS.format(count=1) + SEND_WAITING_MAILS)

    assert "To: reader0@example.com\n\nHello,\n\nthis is your code to sign in:\n\n    000000\n" in printed
