"""Mails to those who are away, of what they have not read."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from notifications.kinds import find_kind
from notifications.models import Notification, OutboxMail
from notifications.selectors.inbox import due_to_be_mailed, is_open
from notifications.selectors.preferences import EMAIL, Preferences, preferences_among
from notifications.services.mails import queue_mail

SHOWN = 20


@transaction.atomic
def mail_unread(*, recipient_id: int) -> OutboxMail | None:
    """Queue one mail of all that is due to be mailed to them and that they may still want to be written about.

    Whatever is due is settled with it, in one transaction and under its lock: however many call this, and whenever one
    of them dies, each notification is in one mail or none. None goes of what was shown to a socket of theirs.
    """
    now = timezone.now()
    locked = due_to_be_mailed(at=now).filter(recipient=recipient_id).select_for_update(of=("self",))
    due = list(locked.select_related("recipient", "actor").order_by("pk"))
    if not due:
        return None
    wanted = _still_wanted(due, due[0].recipient)
    Notification.objects.filter(pk__in=[one.pk for one in due]).update(email_due_at=None)
    Notification.objects.filter(pk__in=[one.pk for one in wanted]).update(mailed_at=now)
    return _mail(wanted, due[0].recipient) if wanted else None


def _still_wanted(due: Sequence[Notification], recipient: User) -> list[Notification]:
    if not recipient.is_active:
        return []
    preferences = preferences_among([recipient.pk], {one.kind for one in due})
    was_shown = is_open(recipient.pk)
    return [one for one in due if _wants(preferences, one) and not (one.in_app and was_shown)]


def _wants(preferences: Preferences, notification: Notification) -> bool:
    """A kind that nobody declares any more is not written about."""
    kind = find_kind(notification.kind)
    return kind is not None and preferences.wants(notification.recipient_id, kind, EMAIL)


def _mail(unread: Sequence[Notification], recipient: User) -> OutboxMail:
    """The latest first. It names people, so its body is wiped once it has left."""
    count = len(unread)
    latest = [one.sentence for one in reversed(unread[-SHOWN:])]
    return queue_mail(
        recipient=recipient.email,
        subject="You have an unread notification" if count == 1 else f"You have {count} unread notifications",
        template="notifications/mail/unread",
        context={"sentences": latest, "further": count - len(latest)},
        user_id=recipient.pk,
        holds_secret=True,
    )
