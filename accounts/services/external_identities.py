"""Accounts of people an OpenID provider vouches for."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts.errors import AccountNotAdmitted, NameTaken
from accounts.models import ExternalIdentity, User
from accounts.services.proofs import note_email_proved
from accounts.services.registration import AccountDetails, ProfileDetails, create_customer, free_username
from accounts.services.sessions import note_failed_sign_in
from core.errors import Conflict

ATTEMPTS = 5


@dataclass(frozen=True)
class VerifiedIdentity:
    """Someone a provider knows as `subject`, whose e-mail address it has verified. The names are hints."""

    issuer: str
    subject: str
    email: str
    name: str = ""
    first_name: str = ""
    last_name: str = ""


@transaction.atomic
def get_account_of(identity: VerifiedIdentity) -> User:
    """The customer this is: known by issuer and subject, joined by e-mail address, or made now.

    Two first logins at once end in one account. Raises AccountNotAdmitted for one that is inactive or not a customer's.
    """
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return _find_known(identity) or _join(identity) or _register(identity)
        except (IntegrityError, NameTaken):
            continue
    raise Conflict(retry_after=1)


def note_not_admitted(identity: VerifiedIdentity) -> None:
    """That its account was tried. Call it once what was begun for it is undone."""
    known = User.objects.filter(
        external_identities__issuer=identity.issuer, external_identities__subject=identity.subject
    )
    note_failed_sign_in(known if known.exists() else User.objects.filter(email=identity.email))


def _find_known(identity: VerifiedIdentity) -> User | None:
    """By their subject. They may have another address here than there, of which nothing is proved then."""
    known = ExternalIdentity.objects.select_related("user").filter(issuer=identity.issuer, subject=identity.subject)
    found = known.first()
    if found is None:
        return None
    user = _admitted(found.user)
    if user.email == identity.email.lower():
        note_email_proved(user, knows_account=True)
    return user


def _join(identity: VerifiedIdentity) -> User | None:
    """Join the account with that e-mail address, its row locked."""
    user = User.objects.select_for_update().filter(email=identity.email).first()
    if user is None:
        return None
    _admitted(user)
    note_email_proved(user, knows_account=False)
    ExternalIdentity.objects.create(user=user, issuer=identity.issuer, subject=identity.subject)
    return user


def _register(identity: VerifiedIdentity) -> User:
    details = AccountDetails(
        username=free_username(identity.email),
        email=identity.email,
        first_name=identity.first_name,
        last_name=identity.last_name,
    )
    user = create_customer(details=details, profile=ProfileDetails(name=identity.name), password=None)
    note_email_proved(user, knows_account=True)
    ExternalIdentity.objects.create(user=user, issuer=identity.issuer, subject=identity.subject)
    return user


def _admitted(user: User) -> User:
    if not user.is_active or not user.is_customer:
        raise AccountNotAdmitted
    return user
