"""What accounts announces."""

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class CustomerRegistered:
    user_id: int
    by_id: int


@dataclass(frozen=True)
class MemberRegistered:
    user_id: int
    by_id: int


@dataclass(frozen=True)
class SignedIn:
    """A browser's session goes by a key that is a secret, so it is not told."""

    user_id: int
    surface: str
    session_id: uuid.UUID | None = None


@dataclass(frozen=True)
class SignInFailed:
    """Somebody offered a wrong password or code for that account, or what an OpenID provider does not vouch for.

    None where there is no such account, or nobody knows whose it would have been.
    """

    user_id: int | None


@dataclass(frozen=True)
class SessionsEnded:
    user_id: int
    session_ids: tuple[uuid.UUID, ...]


@dataclass(frozen=True)
class OneTimePasswordRequested:
    one_time_password_id: int


@dataclass(frozen=True)
class OneTimePasswordIssued:
    """Carries the code itself, which is stored nowhere in the clear: whoever delivers it must seal it."""

    one_time_password_id: int
    user_id: int
    email: str
    code: str
    expires_at: datetime
    valid_minutes: int


@dataclass(frozen=True)
class EmailProved:
    """Whoever uses the account has shown that they read what is sent to `email`, which is the account's."""

    user_id: int
    email: str


@dataclass(frozen=True)
class UserInvited:
    """Carries the link's token, which is stored nowhere in the clear: whoever delivers it must seal it."""

    user_id: int
    by_id: int
    email: str
    username: str
    token: str
    expires_at: datetime


@dataclass(frozen=True)
class InvitationAccepted:
    user_id: int


@dataclass(frozen=True)
class AccountAnonymised:
    """The person is gone from the account. Apps that hold their words or traces react in the same transaction."""

    user_id: int
    by_id: int


@dataclass(frozen=True)
class AccountExported:
    """Somebody was given everything that is held on them."""

    user_id: int


@dataclass(frozen=True)
class UserTypeChanged:
    user_id: int
    joined_at: datetime
    old: str
    new: str
    by_id: int


@dataclass(frozen=True)
class CustomerReported:
    report_id: int
    message_id: int | None


@dataclass(frozen=True)
class UserBlocked:
    blocker_id: int
    blocked_id: int


@dataclass(frozen=True)
class UserUnblocked:
    blocker_id: int
    blocked_id: int
