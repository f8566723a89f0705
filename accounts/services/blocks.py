"""Blocking and reporting people."""

from django.db import transaction
from django.utils import timezone

from accounts import events
from accounts.errors import NotOneself
from accounts.models import Block, Report, User
from core.events import announce


@transaction.atomic
def block_user(*, blocked: User, by: User) -> None:
    """Blocking twice is blocking once. Raises NotOneself."""
    if blocked.pk == by.pk:
        raise NotOneself
    Block.objects.bulk_create([Block(blocker=by, blocked=blocked)], ignore_conflicts=True)
    announce(events.UserBlocked(blocker_id=by.pk, blocked_id=blocked.pk))


@transaction.atomic
def unblock_user(*, blocked: User, by: User) -> None:
    """Unblocking who is not blocked is no error."""
    if Block.objects.filter(blocker=by, blocked=blocked).delete()[0]:
        announce(events.UserUnblocked(blocker_id=by.pk, blocked_id=blocked.pk))


@transaction.atomic
def report_user(*, reported: User, reason: str, message_id: int | None = None, by: User) -> Report:
    """Complain to the platform's people. Raises NotOneself."""
    if reported.pk == by.pk:
        raise NotOneself
    report = Report.objects.create(reporter=by, reported=reported, reason=reason, message_id=message_id)
    announce(events.CustomerReported(report_id=report.pk, message_id=message_id))
    return report


def resolve_report(*, report: Report) -> None:
    """The platform's people have dealt with it. Resolving again keeps the first time."""
    Report.objects.filter(pk=report.pk, resolved_at=None).update(resolved_at=timezone.now())


def reopen_report(*, report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(resolved_at=None)
