from django.conf import settings

from accounts.events import AccountAnonymised, OneTimePasswordIssued, UserBlocked, UserInvited
from accounts.services.privacy import register_export_section
from core.events import after_commit, with_it
from core.jobs import enqueue
from notifications import tasks
from notifications.events import InboxesChanged, MailQueued
from notifications.realtime.rings import ring_for
from notifications.selectors.inbox import export_inbox
from notifications.selectors.preferences import export_preferences
from notifications.services.inbox import forget_inbox_of, hush
from notifications.services.mails import forget_mails_of, queue_mail

register_export_section("notifications", export_inbox)
register_export_section("notification_preferences", export_preferences)


@after_commit(MailQueued)
def send(event: MailQueued) -> None:
    enqueue(tasks.send_mail, event.mail_id, at=event.due_at)


@after_commit(InboxesChanged)
def tell_sockets(event: InboxesChanged) -> None:
    ring_for(event.user_ids)


@with_it(OneTimePasswordIssued)
def mail_one_time_password(event: OneTimePasswordIssued) -> None:
    queue_mail(
        recipient=event.email,
        subject="Your Pub Network sign-in code",
        template="notifications/mail/one_time_password",
        context={"code": event.code, "valid_minutes": event.valid_minutes},
        user_id=event.user_id,
        holds_secret=True,
        expires_at=event.expires_at,
    )


@with_it(UserInvited)
def mail_invitation(event: UserInvited) -> None:
    queue_mail(
        recipient=event.email,
        subject="You are invited to Pub Network",
        template="notifications/mail/invitation",
        context={
            "username": event.username,
            "link": f"{settings.PUBLIC_URL}/invitations/{event.token}/",
            "expires_at": event.expires_at,
        },
        user_id=event.user_id,
        holds_secret=True,
        expires_at=event.expires_at,
    )


@with_it(AccountAnonymised)
def forget(event: AccountAnonymised) -> None:
    forget_mails_of(user_id=event.user_id)
    forget_inbox_of(user_id=event.user_id)


@with_it(UserBlocked)
def hush_the_blocked(event: UserBlocked) -> None:
    hush(recipient_id=event.blocker_id, actor_id=event.blocked_id)
