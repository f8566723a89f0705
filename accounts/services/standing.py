"""What a superuser decides of an account. Nobody decides it of their own: so there is always a superuser left."""

from django.db import transaction

from accounts import events
from accounts.errors import NotOneself
from accounts.models import User, UserType
from accounts.services.registration import ProfileDetails, deactivate_user, give_profile
from accounts.services.sessions import end_all_sessions
from core.errors import NotFound
from core.events import announce


@transaction.atomic
def change_user_type(*, user: User, user_type: str, by: User) -> None:
    """What sessions were opened for holds no longer, so they end. Who becomes a customer gets a profile.

    Raises NotOneself, and NotFound if the person has left.
    """
    _check(user, by)
    is_superuser = user_type == UserType.SUPERUSER
    locked = User.objects.select_for_update().filter(pk=user.pk, anonymised_at=None).first()
    if locked is None:
        raise NotFound
    old, locked.user_type_id = locked.user_type_id, user_type
    locked.is_superuser = locked.is_staff = is_superuser
    locked.save(update_fields=["user_type", "is_superuser", "is_staff"])
    end_all_sessions(user)
    if user_type == UserType.CUSTOMER:
        give_profile(user, ProfileDetails())
    if old != user_type:
        announce(
            events.UserTypeChanged(user_id=user.pk, joined_at=locked.date_joined, old=old, new=user_type, by_id=by.pk)
        )


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
