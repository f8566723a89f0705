"""What a superuser decides of an account. Nobody decides it of their own: so there is always a superuser left."""

from django.db import transaction

from accounts.errors import NotOneself
from accounts.models import User, UserType
from accounts.services.registration import ProfileDetails, deactivate_user, give_profile
from accounts.services.sessions import end_all_sessions
from core.errors import NotFound


@transaction.atomic
def change_user_type(*, user: User, user_type: str, by: User) -> None:
    """What sessions were opened for holds no longer, so they end. Who becomes a customer gets a profile.

    Raises NotOneself, and NotFound if the person has left.
    """
    _check(user, by)
    is_superuser = user_type == UserType.SUPERUSER
    present = User.objects.filter(pk=user.pk, anonymised_at=None)
    if not present.update(user_type=user_type, is_superuser=is_superuser, is_staff=is_superuser):
        raise NotFound
    end_all_sessions(user)
    if user_type == UserType.CUSTOMER:
        give_profile(user, ProfileDetails())


@transaction.atomic
def activate_user(*, user: User) -> None:
    """Raises NotFound if the person has left."""
    if not User.objects.filter(pk=user.pk, anonymised_at=None).update(is_active=True):
        raise NotFound


def shut_out_user(*, user: User, by: User) -> None:
    """Deactivate somebody else. Raises NotOneself."""
    _check(user, by)
    deactivate_user(user=user)


def _check(user: User, by: User) -> None:
    if user.pk == by.pk:
        raise NotOneself
