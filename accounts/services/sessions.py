"""Opening, refreshing and ending sessions."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import events
from accounts.errors import LogoutRefused, SessionEnded, SignInRefused, TokenInvalid
from accounts.models import Session, User
from accounts.selectors import get_live_session, live_sessions_of
from accounts.tokens import (
    Claims,
    TokenPair,
    hash_token_id,
    new_token_id,
    next_token_id,
    read_access_token,
    read_refresh_token,
    token_pair,
)
from core import limits
from core.errors import NotFound
from core.events import announce
from core.sessions import SessionPolicy

REPEAT_GRACE = timedelta(seconds=10)
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Credentials:
    """A name, a password, and the address that offers them."""

    username: str
    password: str
    address: str


@dataclass(frozen=True)
class OpenedSession:
    user: User
    session: Session
    tokens: TokenPair


def check_password(credentials: Credentials, *, admits: frozenset[str]) -> User:
    """The active user of one of the types `admits` with that name and password, counted against the sign-in limits.

    The address is counted first, so that one that is over its limit cannot use up somebody's account's.
    Raises SignInRefused, which looks and takes the same for every reason, and TooMany.
    """
    limits.hit_durably("sign_in_address", credentials.address)
    limits.hit_durably("sign_in_account", credentials.username.lower())
    user = authenticate(username=credentials.username, password=credentials.password)
    if not isinstance(user, User) or user.user_type_id not in admits:
        note_failed_sign_in(User.objects.filter(username__iexact=credentials.username))
        raise SignInRefused
    return user


@transaction.atomic
def note_failed_sign_in(tried: QuerySet[User]) -> None:
    """The same work whether or not there is such an account as was tried.

    Each is written down for good: call it only behind a rate limit.
    """
    user_id = tried.values_list("pk", flat=True).first()
    announce(events.SignInFailed(user_id=user_id))


def sign_in(credentials: Credentials, *, admits: frozenset[str], policy: SessionPolicy, device: str) -> OpenedSession:
    """By password, at a door for the user types it `admits`. Raises SignInRefused and TooMany."""
    user = check_password(credentials, admits=admits)
    return open_session(user=user, policy=policy, device=device)


@transaction.atomic
def open_session(*, user: User, policy: SessionPolicy, device: str = "") -> OpenedSession:
    """Sign `user` in. The user's row is locked, so that this and whatever ends all their sessions see each other.

    Raises SignInRefused if they were deactivated or given another password since `user` was read.
    """
    now = _whole_second(timezone.now())
    unchanged = User.objects.filter(pk=user.pk, is_active=True, password=user.password)
    if not unchanged.update(last_login=now):
        raise SignInRefused
    refresh_id = new_token_id()
    session = Session.objects.create(
        user=user,
        surface=policy.surface,
        device=device[:255],
        last_seen_at=now,
        expires_at=now + policy.refresh,
        access_lifetime=policy.access,
        refresh_lifetime=policy.refresh,
        refresh_hash=hash_token_id(refresh_id),
        refreshed_at=now,
    )
    announce(events.SignedIn(user_id=user.pk, session_id=session.id, surface=policy.surface))
    return OpenedSession(user, session, token_pair(session, refresh_id, now))


def refresh_session(refresh: str) -> TokenPair:
    """Replace a refresh token by its successor.

    The same token again within 10 seconds gets the same answer; later it is taken for stolen and its session ends.
    Raises TokenInvalid and SessionEnded.
    """
    claims = read_refresh_token(refresh)
    session = _live_session(claims)
    presented, now = hash_token_id(claims.token_id), _whole_second(timezone.now())
    successor = next_token_id(claims.token_id)
    replaced = Session.objects.filter(pk=session.pk, refresh_hash=presented, revoked_at=None).update(
        refresh_hash=hash_token_id(successor),
        previous_refresh_hash=presented,
        refreshed_at=now,
        last_seen_at=now,
        expires_at=now + session.refresh_lifetime,
    )
    if replaced:
        return token_pair(session, successor, now)
    session.refresh_from_db()
    if session.revoked_at is None and _is_repeated(session, presented, now):
        return token_pair(session, successor, session.refreshed_at)
    end_sessions([session])
    raise SessionEnded


def check_refresh_token(refresh: str) -> Session:
    """The session it is of, with its user, in one query. The token stays as it is: so many may come with it at once.

    One that was replaced serves for the same 10 seconds as when refreshing; later its session ends.
    Raises TokenInvalid and SessionEnded.
    """
    claims = read_refresh_token(refresh)
    session = get_live_session(claims)
    presented = hash_token_id(claims.token_id)
    if session.refresh_hash != presented and not _is_repeated(session, presented, timezone.now()):
        end_sessions([session])
        raise SessionEnded
    return session


def note_seen(session: Session, *, at: datetime) -> None:
    """Remember that the session was used, at most once a minute."""
    if at - session.last_seen_at >= SEEN_EVERY:
        Session.objects.filter(pk=session.pk, last_seen_at__lte=at - SEEN_EVERY).update(last_seen_at=at)
        session.last_seen_at = at


def log_out(*, refresh: str, by: User | None) -> None:
    """End the session a refresh token belongs to. `by` is who else the request says it is from, if anyone.

    A token that was replaced is taken for stolen, as when refreshing: the session ends and the caller is refused.
    Raises LogoutRefused for a token that is bad, replaced, of a session that has ended, or someone else's.
    """
    try:
        claims = read_refresh_token(refresh)
        session = _live_session(claims)
    except (TokenInvalid, SessionEnded):
        raise LogoutRefused from None
    if by is not None and by.pk != session.user_id:
        raise LogoutRefused
    end_sessions([session])
    presented = hash_token_id(claims.token_id)
    if session.refresh_hash != presented and not _is_repeated(session, presented, timezone.now()):
        raise LogoutRefused


def sign_out(*, access: str, refresh: str) -> None:
    """End the sessions that these tokens name. A dead token, or none, names none: who is out is out."""
    named = [*_sessions_named_by(read_access_token, access), *_sessions_named_by(read_refresh_token, refresh)]
    if named:
        end_sessions(list({session.pk: session for session in named}.values()))


def _sessions_named_by(read: Callable[[str], Claims], token: str) -> list[Session]:
    try:
        return [_live_session(read(token))]
    except (TokenInvalid, SessionEnded):
        return []


def revoke_session(*, session_id: uuid.UUID, by: User) -> None:
    """Raises NotFound for a session that is not one of `by`'s live ones."""
    session = live_sessions_of(by).filter(pk=session_id).first()
    if session is None:
        raise NotFound
    end_sessions([session])


def end_all_sessions(user: User) -> None:
    """Call it in the transaction that changed the user's row, after that change: see `open_session`."""
    end_sessions(list(Session.objects.filter(user=user, revoked_at=None)))


@transaction.atomic
def end_sessions(sessions: list[Session]) -> None:
    """End them now: their access tokens and sockets with them."""
    Session.objects.filter(pk__in=[session.pk for session in sessions], revoked_at=None).update(
        revoked_at=timezone.now()
    )
    for user_id in {session.user_id for session in sessions}:
        ended = tuple(session.pk for session in sessions if session.user_id == user_id)
        announce(events.SessionsEnded(user_id=user_id, session_ids=ended))


def purge_sessions() -> int:
    """Forget sessions that ended or ran out more than 30 days ago. Returns how many."""
    return Session.objects.filter(expires_at__lt=timezone.now() - timedelta(days=30)).delete()[0]


def _live_session(claims: Claims) -> Session:
    session = Session.objects.select_related("user").filter(pk=claims.session_id, user_id=claims.user_id).first()
    if session is None or session.revoked_at or session.expires_at <= timezone.now() or not session.user.is_active:
        raise SessionEnded
    return session


def _is_repeated(session: Session, presented: str, now: datetime) -> bool:
    """Whether the token was replaced so lately that it is another tab's, or a lost answer's, and no thief's."""
    return session.previous_refresh_hash == presented and _whole_second(now) - session.refreshed_at <= REPEAT_GRACE


def _whole_second(moment: datetime) -> datetime:
    """Tokens carry whole seconds, so what they are made from does too."""
    return moment.replace(microsecond=0)
