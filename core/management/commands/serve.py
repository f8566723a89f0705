import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
from types import FrameType
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

PARTS = {
    "server": (sys.executable, "-m", "config.server"),
    "job consumer": (sys.executable, "manage.py", "run_huey"),
}
GRACE_SECONDS = 12
PR_SET_PDEATHSIG = 1


class Command(BaseCommand):
    help = "Serve: the web server and the job consumer, one not without the other. Ends with SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--prepare", action="store_true", help="First do what `prepare` does.")
        parser.add_argument("--with-parent", action="store_true", help="End when the process that started this ends.")

    def handle(self, *args: Any, prepare: bool, with_parent: bool, **options: Any) -> None:
        if with_parent:
            end_with(os.getppid())
        if prepare:
            self._prepare()
        sys.exit(Supervisor().run())

    def _prepare(self) -> None:
        """In a child, for a quick start: Django is loaded, and connections with their threads end with the child."""
        child = multiprocessing.get_context("fork").Process(target=call_command, args=("prepare",))
        child.start()
        child.join()
        if child.exitcode:
            sys.exit(1)


class Supervisor:
    """Runs every part, passes on the signal to stop, and stops all when one ends by itself."""

    def __init__(self) -> None:
        self._parts: dict[int, str] = {}
        self._stopping = False

    def run(self) -> int:
        """Returns 0 when told to stop, 1 when a part ended by itself."""
        for received in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(received, self._stop_on_signal)
        signal.signal(signal.SIGALRM, self._kill_on_alarm)
        for name, command in PARTS.items():
            self._start(name, command)
        outcome = 0
        while self._parts:
            pid, status = os.wait()
            name = self._parts.pop(pid, "")
            if name and not self._stopping:
                outcome = 1
                code = os.waitstatus_to_exitcode(status)
                sys.stderr.write(f"The {name} ended with status {code}; stopping.\n")
                self._stop()
        return outcome

    def _start(self, name: str, command: tuple[str, ...]) -> None:
        if self._stopping:
            return
        parent = os.getpid()
        # In a group of its own a part hears Ctrl-C once, from here, and not from the terminal too.
        process = subprocess.Popen(command, process_group=0, preexec_fn=lambda: end_with(parent))  # noqa: S603
        self._parts[process.pid] = name

    def _stop_on_signal(self, received: int, frame: FrameType | None) -> None:
        self._stop()

    def _kill_on_alarm(self, received: int, frame: FrameType | None) -> None:
        for pid in self._parts:
            os.kill(pid, signal.SIGKILL)

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            signal.alarm(GRACE_SECONDS)
            for pid in self._parts:
                os.kill(pid, signal.SIGTERM)


def end_with(parent: int) -> None:
    """Ask Linux to end this process when its parent dies, even by SIGKILL. Other systems have no such wish."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
