from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class SessionPolicy:
    """How long a session that is opened through one surface lives between refreshes."""

    surface: str
    access: timedelta = timedelta(hours=1)
    refresh: timedelta = timedelta(days=7)
