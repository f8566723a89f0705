"""Setting and proving passwords."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.errors import ChangedMeanwhile, PasswordRefused, WrongPassword
from accounts.models import User
from accounts.services.sessions import OpenedSession, end_all_sessions, open_session
from core import limits
from core.sessions import SessionPolicy


def check_new_password(password: str, *, user: User, field: str = "password") -> None:
    """Raises PasswordRefused naming `field`."""
    try:
        validate_password(password, user)
    except ValidationError as refusal:
        raise PasswordRefused(fields={field: refusal.messages}) from None


def confirm_password(*, user: User, password: str, field: str = "password") -> None:
    """That it is `user` who asks. One who has no password of their own need not know it.

    Counted against the sign-in limit, so never call it inside a transaction. Raises WrongPassword and TooMany.
    """
    limits.hit_durably("sign_in_account", user.username.lower())
    if user.has_usable_password() and not user.check_password(password):
        raise WrongPassword(fields={field: [WrongPassword.message]})


def change_own_password(
    *, by: User, old_password: str, new_password: str, policy: SessionPolicy, device: str = ""
) -> OpenedSession:
    """End every session and open a new one. Raises WrongPassword, PasswordRefused, ChangedMeanwhile and TooMany."""
    confirm_password(user=by, password=old_password, field="old_password")
    with transaction.atomic():
        change_password(user=by, new_password=new_password)
        return open_session(user=by, policy=policy, device=device)


@transaction.atomic
def change_password(*, user: User, new_password: str) -> None:
    """Give `user` another password, whoever asks for it, and end all their sessions.

    Raises PasswordRefused, and ChangedMeanwhile if the password is not the one `user` was read with.
    """
    check_new_password(new_password, user=user, field="new_password")
    unchanged = User.objects.filter(pk=user.pk, password=user.password)
    user.set_password(new_password)
    if not unchanged.update(password=user.password):
        raise ChangedMeanwhile
    end_all_sessions(user)


@transaction.atomic
def remove_password(*, user: User) -> None:
    """Leave `user` with other ways to sign in only, and end all their sessions."""
    user.set_unusable_password()
    user.save(update_fields=["password"])
    end_all_sessions(user)
