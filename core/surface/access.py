"""Who may call an operation. A view names one Access for each of its methods; what it does not name is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# The request's user: accounts.User or Django's AnonymousUser. The kernel knows neither.
Caller = Any


@dataclass(frozen=True)
class Access:
    """`who` is how the API documents name them."""

    who: str
    allows: Callable[[Caller], bool]
    needs_token: bool = True


ANYONE = Access("anyone", lambda caller: True, needs_token=False)
SIGNED_IN = Access("any signed-in user", lambda caller: bool(caller.is_authenticated))
