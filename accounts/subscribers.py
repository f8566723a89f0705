from accounts import export, tasks
from accounts.events import OneTimePasswordRequested
from accounts.services.privacy import register_export_section
from core.events import after_commit
from core.jobs import enqueue


@after_commit(OneTimePasswordRequested)
def issue(event: OneTimePasswordRequested) -> None:
    enqueue(tasks.issue_one_time_password, event.one_time_password_id)


register_export_section("account", export.held_on_account)
register_export_section("profile", export.held_on_profile)
register_export_section("sessions", export.held_sessions)
register_export_section("external_identities", export.held_external_identities)
register_export_section("invitations", export.held_invitations)
register_export_section("blocks", export.held_blocks)
register_export_section("reports", export.held_reports)
