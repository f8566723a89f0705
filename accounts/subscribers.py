from accounts import export, tasks
from accounts.events import OneTimePasswordRequested, SessionsEnded, UserBlocked, UserUnblocked
from accounts.realtime import end_sessions, reconsider_users
from accounts.services.privacy import register_export_section
from core.events import after_commit
from core.jobs import enqueue


@after_commit(OneTimePasswordRequested)
def issue(event: OneTimePasswordRequested) -> None:
    enqueue(tasks.issue_one_time_password, event.one_time_password_id)


@after_commit(SessionsEnded)
def end_what_depends_on_them(event: SessionsEnded) -> None:
    end_sessions(event.session_ids)


@after_commit(UserBlocked)
def look_again_who_is_blocked(event: UserBlocked) -> None:
    reconsider_users([event.blocker_id, event.blocked_id])


@after_commit(UserUnblocked)
def look_again_who_is_unblocked(event: UserUnblocked) -> None:
    reconsider_users([event.blocker_id, event.blocked_id])


register_export_section("account", export.held_on_account)
register_export_section("profile", export.held_on_profile)
register_export_section("sessions", export.held_sessions)
register_export_section("external_identities", export.held_external_identities)
register_export_section("invitations", export.held_invitations)
register_export_section("blocks", export.held_blocks)
register_export_section("reports", export.held_reports)
