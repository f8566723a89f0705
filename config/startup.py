"""What must hold before this process serves: sane settings, and no second server on data that only one may hold."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.exceptions import ImproperlyConfigured
from environs import EnvError


class Misconfigured(ImproperlyConfigured):
    """A setting from outside is missing, weak or malformed. The message names it and never repeats its value."""


@contextmanager
def explained() -> Iterator[None]:
    """Let a wrong setting end the process with one line that names it, instead of a stack trace."""
    try:
        yield
    except (EnvError, Misconfigured) as trouble:
        sys.exit(f"Not started. {trouble}")


class OnlyServer:
    """The claim of one server process on a data directory; the kernel ends it with the process, however it dies."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "server.lock"
        self._file: IO[str] | None = None

    def claim(self) -> None:
        """Raises Misconfigured while another process holds the directory."""
        file = self._path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise Misconfigured(
                f"Another server is running on {self._path.parent}. Several processes need REDIS_URL to be set."
            ) from None
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
