from accounts.events import AccountAnonymised
from core.events import with_it
from workspaces import feed  # noqa: F401 - it subscribes by itself
from workspaces.services.leases import forget_presence


@with_it(AccountAnonymised)
def forget_whether_they_are_there(event: AccountAnonymised) -> None:
    forget_presence(event.user_id)
