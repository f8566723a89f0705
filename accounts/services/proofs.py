"""That an e-mail address is somebody's, as far as we know."""

from django.db import transaction
from django.utils import timezone

from accounts import events
from accounts.models import User
from core.events import announce


@transaction.atomic
def note_email_proved(user: User) -> None:
    """They were mailed something there that nobody else knows, or somebody we trust says so."""
    user.email_proved_at = timezone.now()
    User.objects.filter(pk=user.pk, email=user.email).update(email_proved_at=user.email_proved_at)
    announce(events.EmailProved(user_id=user.pk, email=user.email))
