"""What a person may ask of us: everything held on them, and to be forgotten."""

import uuid
from collections.abc import Callable

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import events
from accounts.models import Block, CustomerProfile, ExternalIdentity, Invitation, OneTimePassword, Report, Session, User
from accounts.services.passwords import confirm_password
from accounts.services.sessions import end_all_sessions
from core.errors import NotFound
from core.events import announce

Collect = Callable[[User], object]

_sections: dict[str, Collect] = {}


def register_export_section(name: str, collect: Collect) -> None:
    """Have `collect(user)`, which returns what renders as JSON, under `name` in everyone's export."""
    _sections[name] = collect


@transaction.atomic
def export_account(user: User) -> dict[str, object]:
    """Everything held on `user`, one section for each app that holds something."""
    announce(events.AccountExported(user_id=user.pk))
    return {name: collect(user) for name, collect in _sections.items()}


def delete_own_account(*, by: User, password: str) -> None:
    """Raises WrongPassword and TooMany."""
    confirm_password(user=by, password=password)
    anonymise_account(user=by, by=by)


@transaction.atomic
def anonymise_account(*, user: User, by: User) -> None:
    """Forget the person and keep the row, on which other people's conversations and a venue's figures hang.

    Complaints about them stay, and so do theirs, without their name. Raises NotFound if they have already left.
    """
    if not _blank(user):
        raise NotFound
    end_all_sessions(user)
    CustomerProfile.objects.filter(user=user).update(
        name="", one_line_desc="", interests=[], is_verified=False, otp_validated=False
    )
    Session.objects.filter(user=user).update(device="")
    Report.objects.filter(reporter=user).update(reporter=None)
    for held in (
        ExternalIdentity.objects.filter(user=user),
        Invitation.objects.filter(user=user),
        OneTimePassword.objects.filter(Q(user=user) | Q(email=user.email)),
        Block.objects.filter(Q(blocker=user) | Q(blocked=user)),
    ):
        held.delete()
    _blank_in_admin_history(user)
    announce(events.AccountAnonymised(user_id=user.pk, by_id=by.pk))


def _blank_in_admin_history(user: User) -> None:
    """The admin's own record of edits keeps what a row was called when it was edited."""
    models = ContentType.objects.get_for_models(User, CustomerProfile)
    profile = CustomerProfile.objects.filter(user=user).values_list("pk", flat=True).first()
    for model, key in ((User, user.pk), (CustomerProfile, profile)):
        LogEntry.objects.filter(content_type=models[model], object_id=str(key)).update(object_repr="")


def _blank(user: User) -> bool:
    """Whether there was anybody left to forget. The new name is not their uuid, which others may know."""
    nobody = User(username=f"deleted-{uuid.uuid4()}")
    nobody.set_unusable_password()
    present = User.objects.filter(pk=user.pk, anonymised_at=None)
    return bool(
        present.update(
            username=nobody.username,
            email=f"{nobody.username}@deleted.invalid",
            email_proved_at=None,
            first_name="",
            last_name="",
            gender="",
            password=nobody.password,
            is_active=False,
            last_login=None,
            anonymised_at=timezone.now(),
        )
    )
