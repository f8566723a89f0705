"""One-time passwords: asked for by anyone, issued by a job, judged at most five times, used once."""

import hmac
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import events
from accounts.errors import OneTimePasswordRefused, SignInRefused
from accounts.models import CustomerProfile, OneTimePassword, User
from accounts.services.proofs import note_email_proved
from accounts.services.sessions import OpenedSession, note_failed_sign_in, open_session
from core import limits
from core.events import announce
from core.seal import keyed_hash
from core.sessions import SessionPolicy

VALID_FOR = timedelta(minutes=5)
MAXIMUM_TRIES = 5


@dataclass(frozen=True)
class Asker:
    """Who says they are asking. `username` and `user_type`, where given, must be the same account's as `email`."""

    email: str
    username: str = ""
    user_type: str = ""


@transaction.atomic
def request_one_time_password(
    *, surface: str, asker: Asker, context: Mapping[str, object] | None = None
) -> OneTimePassword:
    """Ask for a code to be sent. Earlier ones of this address and surface are void from now on.

    Nothing here depends on whether the address has an account: a job looks that up. Raises TooMany.
    """
    email = asker.email.lower()
    limits.hit_durably("one_time_password_minute", email)
    limits.hit_durably("one_time_password_hour", email)
    now = timezone.now()
    OneTimePassword.objects.filter(email=email, surface=surface, used_at=None, voided_at=None).update(voided_at=now)
    asked = OneTimePassword.objects.create(
        surface=surface,
        email=email,
        username=asker.username,
        user_type=asker.user_type,
        context=dict(context or {}),
        expires_at=now + VALID_FOR,
    )
    announce(events.OneTimePasswordRequested(one_time_password_id=asked.pk))
    return asked


@transaction.atomic
def issue_one_time_password(one_time_password_id: int) -> None:
    """Make the code and have it delivered, if the address is an active account's. Once, however often it is called."""
    now = timezone.now()
    waiting = OneTimePassword.objects.filter(
        pk=one_time_password_id, issued_at=None, voided_at=None, expires_at__gt=now
    )
    if not waiting.update(issued_at=now):
        return
    asked = OneTimePassword.objects.get(pk=one_time_password_id)
    user = _account_of(asked)
    if user is None:
        return
    code = f"{secrets.randbelow(10**6):06}"
    OneTimePassword.objects.filter(pk=asked.pk).update(user=user, code_hash=_hash(asked.pk, code))
    announce(
        events.OneTimePasswordIssued(
            one_time_password_id=asked.pk,
            user_id=user.pk,
            email=user.email,
            code=code,
            expires_at=asked.expires_at,
            valid_minutes=math.ceil((asked.expires_at - now).total_seconds() / 60),
        )
    )


def use_one_time_password(*, surface: str, email: str, code: str) -> OneTimePassword:
    """The one-time password this code is, now used, with its `user` and the asker's `context`.

    A try is counted before it is judged and stays counted, so never call it inside a transaction. It does the same
    whether or not the address that asked has an account, or that address asked at all. Raises OneTimePasswordRefused.
    """
    try:
        return _use(surface, email.lower(), code)
    except OneTimePasswordRefused:
        note_failed_sign_in(User.objects.filter(email=email.lower()))
        raise


def _use(surface: str, email: str, code: str) -> OneTimePassword:
    now = timezone.now()
    live = OneTimePassword.objects.filter(
        email=email, surface=surface, used_at=None, voided_at=None, expires_at__gt=now
    )
    asked = live.order_by("-id").first()
    if asked is None or not live.filter(pk=asked.pk, tries__lt=MAXIMUM_TRIES).update(tries=F("tries") + 1):
        raise OneTimePasswordRefused
    if not hmac.compare_digest(asked.code_hash, _hash(asked.pk, code)):
        raise OneTimePasswordRefused
    _mark_used(asked, at=now)
    return asked


def sign_in_by_code(*, email: str, code: str, policy: SessionPolicy, device: str = "") -> OpenedSession:
    """Whoever's address it is, of whatever type. Never call it inside a transaction. Raises OneTimePasswordRefused."""
    asked = use_one_time_password(surface=policy.surface, email=email, code=code)
    assert asked.user is not None
    try:
        return open_session(user=asked.user, policy=policy, device=device)
    except SignInRefused:
        raise OneTimePasswordRefused from None


@transaction.atomic
def _mark_used(asked: OneTimePassword, *, at: datetime) -> None:
    """Who asked by the account's name as well as by its address is taken to know the account.

    Raises OneTimePasswordRefused if it was used meanwhile, or the account is no longer the address's.
    """
    theirs = User.objects.filter(pk=asked.user_id or 0, email=asked.email, is_active=True).first()
    unused = OneTimePassword.objects.filter(pk=asked.pk, used_at=None, voided_at=None)
    if theirs is None or not unused.update(used_at=at):
        raise OneTimePasswordRefused
    CustomerProfile.objects.filter(user=theirs).update(otp_validated=True)
    note_email_proved(theirs, knows_account=bool(asked.username))
    asked.user = theirs


def find_unissued() -> list[int]:
    """Codes that were asked for and that no job has looked at."""
    waiting = OneTimePassword.objects.filter(issued_at=None, voided_at=None, expires_at__gt=timezone.now())
    return list(waiting.values_list("pk", flat=True)[:500])


def purge_one_time_passwords() -> int:
    """Forget codes that ran out more than a day ago. Returns how many."""
    return OneTimePassword.objects.filter(expires_at__lt=timezone.now() - timedelta(days=1)).delete()[0]


def _account_of(asked: OneTimePassword) -> User | None:
    accounts = User.objects.filter(email=asked.email, is_active=True)
    if asked.username:
        accounts = accounts.filter(username__iexact=asked.username)
    if asked.user_type:
        accounts = accounts.filter(user_type__slug=asked.user_type)
    return accounts.first()


def _hash(one_time_password_id: int, code: str) -> str:
    return keyed_hash("one-time-password", f"{one_time_password_id}:{code}")
