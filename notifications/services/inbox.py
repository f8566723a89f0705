"""Telling users of things, and their reading it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.selectors import active_among, blocks_among, get_active_user
from core import sql
from core.events import announce
from notifications.events import InboxesChanged
from notifications.kinds import kind_named
from notifications.models import InboxLease, Notification, Preference
from notifications.selectors.inbox import unread_of
from notifications.selectors.preferences import EMAIL, IN_APP, preferences_among
from notifications.services.mails import queue_mail

MAILED_AFTER = timedelta(minutes=2)
MESSAGE_LENGTH = 255
READ_AT_ONCE = 1_000
KEPT_READ_FOR = timedelta(days=90)
KEPT_FOR = timedelta(days=365)

_COLUMNS = "recipient_id, actor_id, kind, message, details, dedupe_key, in_app"
_TYPED_COLUMNS = (
    "recipient_id bigint, actor_id bigint, kind text, message text, details jsonb, dedupe_key text, in_app boolean, "
    "by_mail boolean"
)


@dataclass(frozen=True)
class OwnMail:
    """A mail about one thing alone, as `queue_mail` takes it."""

    subject: str
    template: str
    context: Mapping[str, object]
    expires_at: datetime | None = None


@dataclass(frozen=True)
class NewNotification:
    """`message` is for people. With an `actor_id`, whose doing it was, it leaves out their name, which is put before
    it whenever it is shown: "mentioned you in #general". Names of other people belong neither there nor in `details`,
    which holds ids of what it is about. Of one `dedupe_key` a recipient is told once, ever. One with its own `mail` is
    mailed so, at once, read or not.
    """

    recipient_id: int
    kind: str
    message: str
    dedupe_key: str
    details: Mapping[str, object] = field(default_factory=dict)
    actor_id: int | None = None
    mail: OwnMail | None = None


@transaction.atomic
def notify(items: Sequence[NewNotification]) -> list[Notification]:
    """Tell users of something, as each of them wants to be told, with a fixed number of statements. Returns what was
    stored: nobody is told of their own doing, nor of that of those they block, nor once they have left.

    Their sockets hear of it after the commit, and a mail goes later to who has not read it by then. Call it in the
    transaction that makes it true. Raises KeyError for a kind that nobody has registered.
    """
    wanted = _as_they_want(_heard_of(items), now=timezone.now())
    stored = _store([one for one, _ in wanted])
    _mail([(one, mail) for one, mail in wanted if mail is not None and one.pk is not None])
    if changed := frozenset(one.recipient_id for one in stored if one.in_app):
        announce(InboxesChanged(changed))
    return stored


@transaction.atomic
def mark_read(*, by: User, ids: Collection[int] | None = None) -> int:
    """They have seen these of theirs; or all that are there by now. Returns how many had been unread.

    Other people's ids, and those of what is long read or gone, change nothing.
    """
    rows = unread_of(by) if ids is None else unread_of(by).filter(pk__in=ids)
    return _read(rows, by.pk)


@transaction.atomic
def hush(*, recipient_id: int, actor_id: int) -> None:
    """Who blocks somebody need not look at, nor is written to about, what that one did before."""
    _read(Notification.objects.filter(recipient=recipient_id, actor=actor_id, read_at=None), recipient_id)


def forget_inbox_of(*, user_id: int) -> None:
    """The person is gone: so is what they were told. What others were told of them goes on without their name."""
    for held in (
        Notification.objects.filter(recipient=user_id),
        Preference.objects.filter(user=user_id),
        InboxLease.objects.filter(user=user_id),
    ):
        held.delete()


def purge_inboxes() -> int:
    """Forget what was read three months ago, or told a year ago. Returns how many."""
    now = timezone.now()
    read, _ = Notification.objects.filter(read_at__lt=now - KEPT_READ_FOR).delete()
    old, _ = Notification.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return read + old


def _read(rows: QuerySet[Notification], recipient_id: int) -> int:
    """Locked in the order of their keys, as whoever mails them does; those that come meanwhile are left unread."""
    now = timezone.now()
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    unread = rows.filter(pk__lte=newest).order_by("pk").select_for_update().values_list("pk", flat=True)
    count = 0
    while some := list(unread[:READ_AT_ONCE]):
        count += Notification.objects.filter(pk__in=some).update(read_at=now, email_due_at=None)
    if count:
        announce(InboxesChanged(frozenset({recipient_id})))
    return count


def _heard_of(items: Sequence[NewNotification]) -> list[NewNotification]:
    """Without what its recipient would not want to hear of, or is nobody any more."""
    others = [item for item in items if item.recipient_id != item.actor_id]
    if not others:
        return []
    recipients = {item.recipient_id for item in others}
    active = active_among(recipients)
    actors = {item.actor_id for item in others if item.actor_id is not None}
    blocks = blocks_among(recipients | actors) if actors else frozenset()
    return [item for item in others if item.recipient_id in active and (item.recipient_id, item.actor_id) not in blocks]


def _as_they_want(items: Sequence[NewNotification], *, now: datetime) -> list[tuple[Notification, OwnMail | None]]:
    """Each with its own mail, where it has one that its recipient wants."""
    if not items:
        return []
    preferences = preferences_among({item.recipient_id for item in items}, {item.kind for item in items})
    wanted = []
    for item in items:
        kind = kind_named(item.kind)
        in_app = preferences.wants(item.recipient_id, kind, IN_APP)
        by_mail = preferences.wants(item.recipient_id, kind, EMAIL)
        if in_app or by_mail:
            is_due = by_mail and item.mail is None
            wanted.append((_notification(item, now, in_app=in_app, is_due=is_due), item.mail if by_mail else None))
    return wanted


def _notification(item: NewNotification, now: datetime, *, in_app: bool, is_due: bool) -> Notification:
    return Notification(
        recipient_id=item.recipient_id,
        actor_id=item.actor_id,
        kind=item.kind,
        message=item.message[:MESSAGE_LENGTH],
        details=dict(item.details),
        dedupe_key=item.dedupe_key,
        in_app=in_app,
        created_at=now,
        email_due_at=now + MAILED_AFTER if is_due else None,
    )


def _mail(stored: Sequence[tuple[Notification, OwnMail]]) -> None:
    for one, mail in stored:
        recipient = get_active_user(one.recipient_id)
        if recipient.email:
            queue_mail(
                recipient=recipient.email,
                subject=mail.subject,
                template=mail.template,
                context=mail.context,
                user_id=recipient.pk,
                expires_at=mail.expires_at,
            )
            one.mailed_at = one.created_at
            one.save(update_fields=["mailed_at"])


def _store(wanted: Sequence[Notification]) -> list[Notification]:
    """Those that had not been told of yet. Stored in an order that is everybody's, so that two who tell the same
    people of the same things do not wait for each other.
    """
    if not wanted:
        return []
    wanted = sorted(wanted, key=lambda one: (one.recipient_id, one.dedupe_key))
    now = wanted[0].created_at
    statement = f"""
        INSERT INTO notifications_notification ({_COLUMNS}, created_at, email_due_at)
        SELECT {_COLUMNS}, %s, CASE WHEN by_mail THEN %s END FROM {sql.rows_of(_TYPED_COLUMNS)} WHERE true
        ON CONFLICT (recipient_id, dedupe_key) DO NOTHING RETURNING id, recipient_id, dedupe_key
        """  # noqa: S608 - what is put in here are names
    rows = sql.as_rows([_row(one) for one in wanted])
    keys = {
        (recipient_id, dedupe_key): key
        for key, recipient_id, dedupe_key in sql.fetch(
            statement, sql.as_time(now), sql.as_time(now + MAILED_AFTER), rows
        )
    }
    return [_stored(one, keys.pop(place)) for one in wanted if (place := (one.recipient_id, one.dedupe_key)) in keys]


def _row(one: Notification) -> dict[str, object]:
    columns = _COLUMNS.split(", ")
    return {**{column: getattr(one, column) for column in columns}, "by_mail": one.email_due_at is not None}


def _stored(one: Notification, key: int) -> Notification:
    one.pk = key
    one._state.adding = False
    return one
