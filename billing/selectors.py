from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from billing.models import Membership


def find_tier(user: User) -> str | None:
    """The tier of the user's live membership, or None."""
    live = Q(ends_at=None) | Q(ends_at__gt=timezone.now())
    return Membership.objects.filter(live, user=user).values_list("tier", flat=True).first()
