"""Who may call an operation, by user type."""

from accounts.models import UserType
from core.surface.access import Access, Caller


def _only(who: str, *user_types: str) -> Access:
    allowed = frozenset(user_types)

    def allows(caller: Caller) -> bool:
        return bool(caller.is_authenticated) and caller.user_type_id in allowed

    return Access(who, allows)


CUSTOMER = _only("customers", UserType.CUSTOMER)
SUPERUSER = _only("superusers", UserType.SUPERUSER)
OWNER = _only("venue owners and superusers", UserType.VENUE_OWNER, UserType.SUPERUSER)
