"""The id of the request that is being served, for log lines and answers."""

import re
import uuid
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")

_SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def choose_request_id(offered: str) -> str:
    """The client's own id if it is 8 to 64 letters, digits, dots, dashes and underscores; else a new one."""
    return offered if _SANE.fullmatch(offered) else uuid.uuid4().hex
