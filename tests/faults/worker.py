"""A real job worker in a place of its own: its process, its database, its queue, and a mail server on loopback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
QUEUE_MAILS = """
from notifications.services import queue_mail
for number in range({count}):
    queue_mail(
        recipient=f"reader{{number}}@example.com",
        subject=f"Mail {{number}}",
        template="notifications/mail/one_time_password",
        context={{"code": f"{{number:06}}", "valid_minutes": 5}},
    )
"""
COUNT_MAILS = """
from collections import Counter
from notifications.models import OutboxMail
print(dict(Counter(OutboxMail.objects.values_list("status", flat=True))))
"""


@dataclass
class Place:
    """Where workers work: the settings they all share."""

    data_dir: Path
    smtp_port: int
    lease_seconds: int
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            "DEBUG": "1",
            "DATA_DIR": str(self.data_dir),
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self.smtp_port),
            "EMAIL_USE_TLS": "false",
            "MAIL_LEASE_SECONDS": str(self.lease_seconds),
        }
        inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        return {**inherited, **ours, **self.more}

    def migrate(self) -> None:
        self._manage("migrate", "--verbosity=0")

    def run(self, code: str) -> str:
        """Run Python inside Django there. Returns what it printed."""
        return self._manage("shell", "--no-imports", "-c", code)

    def _manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_worker(self) -> "Worker":
        with (self.data_dir / "worker.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "run_huey"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        return Worker(process)


@dataclass
class Worker:
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """kill -9: no goodbye, no clean-up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM: it finishes what it is at."""
        self.process.terminate()
        self.process.wait(timeout=60)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
