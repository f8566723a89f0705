"""By what somebody watches the counters, and whose it is as long as it serves."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from accounts.browser_sessions import users_in_browsers
from accounts.models import User
from accounts.selectors import live_sessions_among


@dataclass(frozen=True)
class Pass:
    """`key` is a browser's session in the admin or dashboard, or the id of a session that an access token is of."""

    kind: Literal["browser", "token"]
    key: str
    expires_at: float = float("inf")


def holders_of(passes: Collection[Pass]) -> dict[Pass, User]:
    """Whose each is whose session lives: three queries at most, however many there are."""
    browsers = {each.key for each in passes if each.kind == "browser"}
    sessions = {each.key for each in passes if each.kind == "token"}
    in_browsers = users_in_browsers(browsers) if browsers else {}
    by_token = live_sessions_among({UUID(key) for key in sessions}) if sessions else {}
    holders: dict[tuple[str, str], User] = {("browser", key): user for key, user in in_browsers.items()}
    holders |= {("token", str(key)): user for key, user in by_token.items()}
    now = time.time()
    return {
        each: holders[each.kind, each.key]
        for each in passes
        if (each.kind, each.key) in holders and each.expires_at > now
    }
