"""That an e-mail address is somebody's, as far as we know."""

from django.db import transaction
from django.utils import timezone

from accounts import events
from accounts.models import CustomerProfile, ExternalIdentity, OneTimePassword, User
from accounts.services.passwords import remove_password
from core.events import announce


@transaction.atomic
def note_email_proved(user: User, *, knows_account: bool) -> None:
    """They were mailed something there that nobody else knows, or somebody we trust says so.

    Anybody may register as a customer with any address. So where it is proved for the first time, whoever made the
    account need not be who owns the address: unless that is who knows the account, they are shut out.
    """
    is_first = CustomerProfile.objects.filter(user=user, is_verified=False).update(is_verified=True)
    if is_first and not knows_account:
        _shut_out_maker(user)
    user.email_proved_at = timezone.now()
    User.objects.filter(pk=user.pk, email=user.email).update(email_proved_at=user.email_proved_at)
    announce(events.EmailProved(user_id=user.pk, email=user.email))


def _shut_out_maker(user: User) -> None:
    remove_password(user=user)
    ExternalIdentity.objects.filter(user=user).delete()
    OneTimePassword.objects.filter(user=user, used_at=None, voided_at=None).update(voided_at=timezone.now())
