"""What is written down of accounts and of the admin. Other apps write down what is theirs in their own subscribers."""

from collections.abc import Mapping

from accounts import events
from accounts.models import User
from accounts.selectors import get_report
from accounts.services.privacy import register_export_section
from activity.selectors import USER, activity_of, export_feed
from activity.services import NO_DETAILS, Target, record_activity
from core.admin_events import DoneInAdmin
from core.events import with_it


@with_it(events.CustomerRegistered)
def customer_registered(event: events.CustomerRegistered) -> None:
    _registered("customer", event)


@with_it(events.MemberRegistered)
def member_registered(event: events.MemberRegistered) -> None:
    _registered("member", event)


@with_it(events.SignedIn)
def signed_in(event: events.SignedIn) -> None:
    details = {"session": str(event.session_id)} if event.session_id else {}
    _by_themselves("signed_in", event.user_id, f"Signed in on {event.surface}", details)


@with_it(events.SignInFailed)
def sign_in_failed(event: events.SignInFailed) -> None:
    """Who it was is not known, and what they typed may be anything, a password too."""
    target = _person(event.user_id) if event.user_id is not None else None
    record_activity(type="sign_in_failed", actor_id=None, summary="Failed to sign in", target=target)


@with_it(events.AccountExported)
def account_exported(event: events.AccountExported) -> None:
    _by_themselves("account_exported", event.user_id, "Was given a copy of everything held on them")


@with_it(events.AccountAnonymised)
def account_anonymised(event: events.AccountAnonymised) -> None:
    record_activity(
        type="account_anonymised",
        actor_id=event.by_id,
        summary="Anonymised an account",
        target=_person(event.user_id),
    )


@with_it(events.UserTypeChanged)
def user_type_changed(event: events.UserTypeChanged) -> None:
    record_activity(
        type="user_type_changed",
        actor_id=event.by_id,
        summary=f"Changed a user's type from {event.old} to {event.new}",
        target=_person(event.user_id),
    )


@with_it(events.UserInvited)
def user_invited(event: events.UserInvited) -> None:
    record_activity(type="user_invited", actor_id=event.by_id, summary="Invited someone", target=_person(event.user_id))


@with_it(events.InvitationAccepted)
def invitation_accepted(event: events.InvitationAccepted) -> None:
    _by_themselves("invitation_accepted", event.user_id, "Accepted an invitation")


@with_it(events.CustomerReported)
def customer_reported(event: events.CustomerReported) -> None:
    report = get_report(event.report_id)
    record_activity(
        type="customer_reported",
        actor_id=report.reporter_id,
        summary="Reported someone",
        target=_person(report.reported_id),
        details={"report": report.pk},
    )


@with_it(DoneInAdmin)
def done_in_admin(event: DoneInAdmin) -> None:
    named = f": {', '.join(event.fields)}" if event.fields else ""
    record_activity(
        type=f"admin_{event.what}",
        actor_id=event.by_id,
        summary=f"In the admin: {event.action}" if event.action else f"In the admin: {event.what} {event.kind}{named}",
        target=Target(event.kind, event.object_id),
        details={"fields": list(event.fields), "values": dict(event.values)},
    )


def _registered(kind: str, event: events.CustomerRegistered | events.MemberRegistered) -> None:
    how = "as " if event.by_id == event.user_id else ""
    record_activity(
        type=f"{kind}_registered",
        actor_id=event.by_id,
        summary=f"Registered {how}a {kind}",
        target=_person(event.user_id),
    )


def _by_themselves(type: str, user_id: int, summary: str, details: Mapping[str, object] = NO_DETAILS) -> None:
    record_activity(type=type, actor_id=user_id, summary=summary, target=_person(user_id), details=details)


def _person(user_id: int) -> Target:
    return Target(USER, user_id)


def _export_activity(user: User) -> list[dict[str, object]]:
    columns = ("at", "type", "summary")
    return [{column: getattr(entry, column) for column in columns} for entry in activity_of(user)]


register_export_section("activity", _export_activity)
register_export_section("feed", export_feed)
