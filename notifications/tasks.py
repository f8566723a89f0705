"""Jobs of notifications. A task fetches by id and calls one service."""

from huey.contrib.djhuey import db_task

from core.jobs import enqueue, scheduled
from notifications.selectors.inbox import find_whom_to_mail
from notifications.selectors.mails import find_mails_to_send
from notifications.services import inbox, leases, mails, reminders

SWEPT_AT_ONCE = 500


@db_task(priority=10, retries=3, retry_delay=10, retry_backoff=3)
def send_mail(mail_id: int) -> None:
    mails.send_mail(mail_id)


@scheduled()
def sweep_mails() -> None:
    """Mails whose job was lost, or whose worker died. Those whose job still waits are only asked for twice."""
    for mail_id in find_mails_to_send(limit=SWEPT_AT_ONCE):
        enqueue(send_mail, mail_id)


@scheduled(minute="37")
def purge_mails() -> None:
    mails.purge_mails()


@db_task(retries=3, retry_delay=10)
def remind(recipient_id: int) -> None:
    reminders.mail_unread(recipient_id=recipient_id)


@scheduled()
def sweep_reminders() -> None:
    """Those with something unread that is due to be mailed: it stays due until its mail is queued."""
    for recipient_id in find_whom_to_mail(limit=SWEPT_AT_ONCE):
        enqueue(remind, recipient_id)


@scheduled(minute="43", hour="3")
def purge_inboxes() -> None:
    inbox.purge_inboxes()
    leases.purge_leases()
