from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing.errors import MembershipOver, TierUnknown
from billing.models import Membership, Tier


@transaction.atomic
def grant_membership(*, user: User, tier: str, ends_at: datetime | None = None) -> Membership:
    """Make the user a member, in place of what they were. A member who stays one keeps the day they started.

    Without `ends_at` it lasts until it is ended. Raises TierUnknown and MembershipOver.
    """
    now = timezone.now()
    if tier not in Tier.values:
        raise TierUnknown(fields={"tier": [TierUnknown.message]})
    if ends_at is not None and ends_at <= now:
        raise MembershipOver(fields={"ends_at": [MembershipOver.message]})
    membership, is_new = Membership.objects.select_for_update().get_or_create(
        user=user, defaults={"tier": tier, "ends_at": ends_at}
    )
    if not is_new:
        if membership.ends_at is not None and membership.ends_at <= now:
            membership.started_at = now
        membership.tier, membership.ends_at = tier, ends_at
        membership.save()
    return membership


@transaction.atomic
def end_membership(*, user: User) -> None:
    """They are no member any more, from now on. Ending none is no error."""
    now = timezone.now()
    live = Membership.objects.filter(user=user).exclude(ends_at__lte=now)
    live.update(ends_at=now)
