"""Jobs of accounts. A task fetches by id and calls one service."""

from django.core.management import call_command
from huey.contrib.djhuey import db_task

from accounts.services import invitations, one_time_passwords, sessions, tickets
from core.jobs import enqueue, scheduled


@db_task(retries=3, retry_delay=5)
def issue_one_time_password(one_time_password_id: int) -> None:
    one_time_passwords.issue_one_time_password(one_time_password_id)


@scheduled()
def sweep_one_time_passwords() -> None:
    for one_time_password_id in one_time_passwords.find_unissued():
        enqueue(issue_one_time_password, one_time_password_id)


@scheduled(minute="17", hour="3")
def purge_accounts() -> None:
    one_time_passwords.purge_one_time_passwords()
    sessions.purge_sessions()
    tickets.purge_tickets()
    invitations.purge_invitations()
    call_command("clearsessions")
