from django.db import transaction

from accounts.models import User
from notifications.errors import KindUnknown
from notifications.kinds import find_kind
from notifications.models import Preference


@transaction.atomic
def prefer(*, kind: str, channel: Preference.Channel, enabled: bool, by: User) -> None:
    """Be told of a kind in this way from now on, or no more. Raises KindUnknown."""
    if find_kind(kind) is None:
        raise KindUnknown
    Preference.objects.bulk_create(
        [Preference(user=by, kind=kind, channel=channel, enabled=enabled)],
        update_conflicts=True,
        unique_fields=["user", "kind", "channel"],
        update_fields=["enabled"],
    )
