from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import BigIntegerField, Q, QuerySet, UUIDField
from django.utils import timezone

from accounts.errors import SessionEnded
from accounts.models import Block, Report, Session, User, UserType
from accounts.tokens import Claims
from core import sql
from core.errors import NotFound
from core.prepared import Prepared, Slot

_session = Prepared(lambda: Session.objects.select_related("user").filter(pk=Slot("id", UUIDField())).order_by())


def get_live_session(claims: Claims) -> Session:
    """The session an access token names, with its user, in one query. Raises SessionEnded."""
    session = _session.first(id=claims.session_id)
    if session is None or session.user_id != claims.user_id:
        raise SessionEnded
    if not is_live(session):
        raise SessionEnded
    return session


def is_live(session: Session) -> bool:
    """Of a session that was just read, with its user."""
    return session.revoked_at is None and session.user.is_active and session.expires_at > timezone.now()


def live_sessions_of(user: User) -> QuerySet[Session]:
    return Session.objects.filter(user=user, revoked_at=None, expires_at__gt=timezone.now())


def live_sessions_among(session_ids: Collection[UUID]) -> dict[UUID, User]:
    """Whose each of these sessions is, of those that live."""
    live = Session.objects.filter(pk__in=session_ids, revoked_at=None, expires_at__gt=timezone.now())
    return {session.pk: session.user for session in live.filter(user__is_active=True).select_related("user")}


def sessions_ended_since(moment: datetime) -> set[UUID]:
    """The ids of those that were ended, by whatever means, and did not just run out."""
    return set(Session.objects.filter(revoked_at__gte=moment).values_list("pk", flat=True))


def accounts() -> QuerySet[User]:
    """Everybody who has not left, each with their profile, if they have one."""
    return User.objects.filter(anonymised_at=None).select_related("customer_profile")


def customers() -> QuerySet[User]:
    return accounts().filter(user_type__slug=UserType.CUSTOMER)


def sign_ups_between(start: datetime, end: datetime) -> QuerySet[User]:
    """Who joined in that time, `end` excluded, and is a customer, whether or not they have left since."""
    return User.objects.filter(user_type__slug=UserType.CUSTOMER, date_joined__gte=start, date_joined__lt=end)


def latest_customers() -> QuerySet[User]:
    """Last joined first."""
    return customers().order_by("-date_joined", "-id")


@dataclass(frozen=True)
class CustomerSearch:
    """What customers are asked for; empty or None means any. `text` is part of a username, e-mail or name."""

    text: str = ""
    gender: str | None = None
    is_active: bool | None = None
    is_verified: bool | None = None


def find_customers(search: CustomerSearch) -> QuerySet[User]:
    rows = customers()
    if search.gender is not None:
        rows = rows.filter(gender=search.gender)
    if search.is_active is not None:
        rows = rows.filter(is_active=search.is_active)
    if search.is_verified is not None:
        rows = rows.filter(customer_profile__is_verified=search.is_verified)
    return rows.filter(_mentions(search.text)) if search.text else rows


def _mentions(text: str) -> Q:
    columns = ("username", "email", "first_name", "last_name", "customer_profile__name")
    return reduce(or_, (Q(**{f"{column}__icontains": text}) for column in columns))


def accounts_visible_to(user: User) -> QuerySet[User]:
    """One's own, and for a superuser every customer's."""
    visible = Q(pk=user.pk)
    if user.is_superuser:
        visible |= Q(user_type__slug=UserType.CUSTOMER)
    return accounts().filter(visible)


def get_customer(customer_id: int) -> User:
    """Raises NotFound."""
    return _found(customers().filter(pk=customer_id).first())


def find_active_user(user_id: int) -> User | None:
    return User.objects.filter(pk=user_id, is_active=True).first()


def get_active_user(user_id: int) -> User:
    """Raises NotFound."""
    return _found(find_active_user(user_id))


def active_among(user_ids: Collection[int]) -> frozenset[int]:
    """The ids of those whose account is theirs and not switched off."""
    return frozenset(User.objects.filter(pk__in=user_ids, is_active=True).values_list("pk", flat=True))


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound
    return user


def are_blocked(one: User, other: User) -> bool:
    """Whether either has blocked the other."""
    return Block.objects.filter(Q(blocker=one, blocked=other) | Q(blocker=other, blocked=one)).exists()


def find_user_named(username: str) -> User | None:
    """Any active user, by the name they are known by to others."""
    return User.objects.filter(username__iexact=username, is_active=True).first()


def find_user_at(email: str) -> User | None:
    """The active user who has proved that the address is theirs: anybody may have given somebody else's."""
    return User.objects.filter(email=email.lower(), is_active=True, email_proved_at__isnull=False).first()


def blocks_among(user_ids: Collection[int]) -> frozenset[tuple[int, int]]:
    """(blocker, blocked) for every block between two of these users."""
    users = sql.listed(user_ids)
    statement = f"""
        SELECT blocker_id, blocked_id FROM accounts_block
        WHERE {sql.one_of("blocker_id")} AND {sql.one_of("blocked_id")}
        """  # noqa: S608 - what is put in here are names
    found = sql.fetch(statement, users, users)
    return frozenset((blocker_id, blocked_id) for blocker_id, blocked_id in found)


def blocked_by(user_id: int | Slot) -> QuerySet[Block, int]:
    """The ids of those whom they have blocked, to be used in a query."""
    return Block.objects.filter(blocker=user_id).values_list("blocked_id", flat=True)


_blocks = Prepared(lambda: Block.objects.filter(blocker=Slot("user_id", BigIntegerField())))


def whom_blocks(user: User) -> frozenset[int]:
    """The ids of those whom `user` has blocked."""
    return frozenset(block.blocked_id for block in _blocks.all(user_id=user.pk))


def blocked_by_each(user_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """The ids of those whom each of these users has blocked."""
    found: dict[int, set[int]] = {user_id: set() for user_id in user_ids}
    rows = Block.objects.filter(blocker__in=found)
    for blocker_id, blocked_id in rows.values_list("blocker_id", "blocked_id"):
        found[blocker_id].add(blocked_id)
    return {user_id: frozenset(ids) for user_id, ids in found.items()}


def open_reports() -> QuerySet[Report]:
    """Complaints that nobody has dealt with."""
    return Report.objects.filter(resolved_at=None)


def get_report(report_id: int) -> Report:
    return Report.objects.select_related("reporter").get(pk=report_id)
