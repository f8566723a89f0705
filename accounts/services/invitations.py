"""Accounts that somebody else makes: their person sets the password, once, by a link that was mailed to them."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import events
from accounts.errors import AlreadyJoined, InvitationOver
from accounts.models import Invitation, User, UserType
from accounts.services.passwords import check_new_password
from accounts.services.proofs import note_email_proved
from accounts.services.registration import AccountDetails, create_account
from accounts.services.sessions import end_all_sessions
from core.errors import NotFound
from core.events import announce
from core.seal import keyed_hash

VALID_FOR = timedelta(days=7)
INVITED = (UserType.VENUE_OWNER, UserType.VENDOR, UserType.SUPPORT)


@transaction.atomic
def invite_new_user(*, details: AccountDetails, user_type: str, by: User) -> Invitation:
    """An account without a password, and a mail to its person. Raises NameTaken."""
    return invite_user(user=create_account(details=details, user_type=user_type, password=None, by=by), by=by)


@transaction.atomic
def invite_user(*, user: User, by: User) -> Invitation:
    """Mail a link that sets the password; links sent before serve no longer. The token is stored as a hash only.

    Raises NotFound for an account nobody can use, and AlreadyJoined for one that has a password.
    """
    locked = User.objects.select_for_update().filter(pk=user.pk, is_active=True).first()
    if locked is None:
        raise NotFound
    if locked.has_usable_password():
        raise AlreadyJoined
    now, token = timezone.now(), secrets.token_urlsafe(32)
    Invitation.objects.filter(user=locked, used_at=None, expires_at__gt=now).update(expires_at=now)
    invitation = Invitation.objects.create(
        hash=_hash(token),
        user=locked,
        email=locked.email,
        invited_by=by,
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    announce(
        events.UserInvited(
            user_id=locked.pk,
            by_id=by.pk,
            email=locked.email,
            username=locked.username,
            token=token,
            expires_at=invitation.expires_at,
        )
    )
    return invitation


def get_open_invitation(token: str) -> Invitation:
    """With its user. Raises NotFound, and InvitationOver for one that was used, replaced or is too old, or whose person
    has been given a password meanwhile.
    """
    invitation = Invitation.objects.select_related("user").filter(hash=_hash(token)).first()
    if invitation is None:
        raise NotFound
    is_over = invitation.used_at is not None or invitation.expires_at <= timezone.now()
    if is_over or not invitation.user.is_active or invitation.user.has_usable_password():
        raise InvitationOver
    return invitation


def accept_invitation(*, token: str, password: str) -> None:
    """Set the invited person's password. Of two who come with one token, one does. Their sessions end.

    Raises NotFound, InvitationOver and PasswordRefused.
    """
    invitation = get_open_invitation(token)
    user = invitation.user
    check_new_password(password, user=user)
    unchanged = User.objects.filter(pk=user.pk, is_active=True, password=user.password)
    user.set_password(password)
    _accept(invitation, user, unchanged)


@transaction.atomic
def _accept(invitation: Invitation, user: User, unchanged: QuerySet[User]) -> None:
    """The password was hashed before, so that the transaction stays short."""
    now = timezone.now()
    still_open = Invitation.objects.filter(pk=invitation.pk, used_at=None, expires_at__gt=now)
    if not still_open.update(used_at=now):
        raise InvitationOver
    if not unchanged.update(password=user.password):
        raise InvitationOver
    end_all_sessions(user)
    announce(events.InvitationAccepted(user_id=user.pk))
    if invitation.email == user.email:
        note_email_proved(user, knows_account=True)


def purge_invitations() -> int:
    """Forget those that ran out more than 30 days ago. Returns how many."""
    return Invitation.objects.filter(expires_at__lt=timezone.now() - timedelta(days=30)).delete()[0]


def _hash(token: str) -> str:
    return keyed_hash("invitation", token)
