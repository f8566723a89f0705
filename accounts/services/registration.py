"""Making and changing accounts."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import events
from accounts.errors import NameTaken
from accounts.models import CustomerProfile, User, UserType
from accounts.services.passwords import check_new_password
from accounts.services.sessions import end_all_sessions
from core import limits
from core.errors import Invalid, NotFound
from core.events import announce

PROFILE_NAME_LENGTH = 100
# Of a username that is made here: a suffix must fit behind it.
WANTED_LENGTH = 100


@dataclass(frozen=True)
class ProfileDetails:
    name: str = ""
    one_line_desc: str = ""
    interests: Sequence[str] = ()


@dataclass(frozen=True)
class AccountDetails:
    username: str
    email: str
    first_name: str = ""
    last_name: str = ""
    gender: str = ""


class ProfileChanges(TypedDict, total=False):
    name: str
    one_line_desc: str
    interests: Sequence[str]


class AccountChanges(TypedDict, total=False):
    username: str
    email: str
    first_name: str
    last_name: str
    gender: str


def register_customer(*, details: AccountDetails, profile: ProfileDetails, password: str, address: str) -> User:
    """Raises PasswordRefused, NameTaken naming every field that is, and TooMany by address."""
    user = _acceptable(_unsaved(details, UserType.CUSTOMER), password, address)
    return _create(user, profile, password)


def register_member(*, details: AccountDetails, password: str, address: str) -> User:
    """Somebody of whom nothing is known but that they want an account.

    Raises PasswordRefused, NameTaken naming every field that is, and TooMany by address.
    """
    user = _acceptable(_unsaved(details, UserType.MEMBER), password, address)
    return _create(user, ProfileDetails(), password)


def _acceptable(user: User, password: str, address: str) -> User:
    limits.hit_durably("registration", address)
    check_new_password(password, user=user)
    return user


def create_customer(*, details: AccountDetails, profile: ProfileDetails, password: str | None) -> User:
    """A customer whom somebody else has vouched for; without a password they sign in by other ways only.

    Raises NameTaken.
    """
    return _create(_unsaved(details, UserType.CUSTOMER), profile, password)


def create_account(*, details: AccountDetails, user_type: str, password: str | None, by: User) -> User:
    """An account of any type, made by a superuser. Raises PasswordRefused and NameTaken."""
    user = _unsaved(details, user_type)
    if password is not None:
        check_new_password(password, user=user)
    return _create(user, ProfileDetails(), password, by=by)


@transaction.atomic
def update_account(*, account: User, changes: AccountChanges, profile_changes: ProfileChanges) -> None:
    """Change what is given. A new e-mail address is not proved. Locks the account.

    Raises NameTaken, NotFound if the person left meanwhile, and Invalid for the profile of who has none.
    """
    locked = User.objects.select_for_update().filter(pk=account.pk, anonymised_at=None).first()
    if locked is None:
        raise NotFound
    if profile_changes and not locked.is_customer:
        raise Invalid(fields={"customer_profile": ["Only customers have a profile."]})
    old_email = locked.email
    for name, value in changes.items():
        setattr(locked, name, value)
    is_another = locked.email.lower() != old_email
    if is_another:
        locked.email_proved_at = None
    _refuse_taken(locked)
    _save_unless_taken(locked)
    profile = CustomerProfile.objects.filter(user=locked)
    if profile_changes:
        profile.update(**profile_changes)
    if is_another:
        profile.update(is_verified=False, otp_validated=False)


@transaction.atomic
def deactivate_user(*, user: User) -> None:
    """Nobody signs in to the account until it is active again; all its sessions end now."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    end_all_sessions(user)


def free_username(email: str) -> str:
    """The e-mail address's local part as far as usernames allow it, with a suffix if that is taken."""
    local = unicodedata.normalize("NFKD", email.rpartition("@")[0])
    wanted = re.sub(r"[^a-zA-Z0-9.+_-]", "", local)[:WANTED_LENGTH] or "guest"
    if not User.objects.filter(username__iexact=wanted).exists():
        return wanted
    return f"{wanted}-{secrets.token_hex(4)}"


def _unsaved(details: AccountDetails, user_type: str) -> User:
    is_superuser = user_type == UserType.SUPERUSER
    return User(
        username=details.username,
        email=details.email.lower(),
        first_name=details.first_name,
        last_name=details.last_name,
        gender=details.gender,
        user_type_id=user_type,
        is_superuser=is_superuser,
        is_staff=is_superuser,
    )


def _create(user: User, profile: ProfileDetails, password: str | None, *, by: User | None = None) -> User:
    """By themselves, unless somebody is named. The password is hashed before the transaction, which stays short.

    Raises NameTaken.
    """
    _refuse_taken(user)
    user.set_password(password)
    with transaction.atomic():
        _save_unless_taken(user)
        by_id = (by or user).pk
        if user.is_customer:
            give_profile(user, profile)
            announce(events.CustomerRegistered(user_id=user.pk, by_id=by_id))
        if user.user_type_id == UserType.MEMBER:
            announce(events.MemberRegistered(user_id=user.pk, by_id=by_id))
    return user


def give_profile(user: User, profile: ProfileDetails) -> None:
    """What a customer has to show themselves by; one that is there stays."""
    name = (profile.name or user.first_name or user.username)[:PROFILE_NAME_LENGTH]
    shown = {"name": name, "one_line_desc": profile.one_line_desc, "interests": list(profile.interests)}
    CustomerProfile.objects.get_or_create(user=user, defaults=shown)


def _refuse_taken(user: User) -> None:
    """Raises NameTaken naming each field that another account has."""
    fields = _taken_fields(user)
    if fields:
        raise NameTaken(fields=fields)


def _taken_fields(user: User) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    same = Q(username__iexact=user.username) | Q(email=user.email.lower())
    for other in User.objects.filter(same).exclude(pk=user.pk).only("username", "email"):
        if other.username.lower() == user.username.lower():
            fields["username"] = ["This username is taken."]
        if other.email == user.email.lower():
            fields["email"] = ["This e-mail address is taken."]
    return fields


def _save_unless_taken(user: User) -> None:
    """The constraints decide between two who want the same name at once. Raises NameTaken."""
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise NameTaken(fields=_taken_fields(user)) from None
