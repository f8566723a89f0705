"""What happens to a message after it was said. Each is a Change with the next number of its conversation."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from chat import events
from chat.errors import EditTooLate, MessageIsDeleted, NotYourMessage, TooManyReactions
from chat.models import Change, Conversation, Message, Reaction
from chat.selectors.history import get_message_for
from chat.selectors.standing import check_may_write, moderates
from chat.text import clean_body, clean_emoji
from core.events import announce

EDITABLE_FOR = timedelta(minutes=15)
MAXIMUM_REACTIONS = 10


@dataclass(frozen=True)
class Reacted:
    """Whether `emoji` of `user` stands under the message now; `seq` is the change's number."""

    message_id: int
    seq: int
    emoji: str
    user: str
    user_email: str
    added: bool


@transaction.atomic
def edit_message(*, message_id: int, by: User, body: str) -> Message:
    """Say it differently, within 15 minutes and while one may write there; the same text again changes nothing.

    Raises NotFound, NotYourMessage, MessageIsDeleted, EditTooLate, MessageRefused and what `check_may_write` raises.
    """
    body = clean_body(body)
    message = _lock_message(by, message_id)
    if message.sender_id != by.pk:
        raise NotYourMessage
    if message.deleted_at is not None:
        raise MessageIsDeleted
    if timezone.now() - message.created_at > EDITABLE_FOR:
        raise EditTooLate
    check_may_write(by, message.conversation)
    if message.body != body:
        _store_edit(message, by, body)
    return message


@transaction.atomic
def delete_message(*, message_id: int, by: User) -> Message:
    """Unsay it: the body and the reactions go, the place stays. Deleting again changes nothing.

    One's own, however old; also anyone's for who `moderates` there. Raises NotFound, NotYourMessage.
    """
    message = _lock_message(by, message_id)
    if message.sender_id != by.pk and not moderates(by, message.conversation):
        raise NotYourMessage
    if message.deleted_at is not None:
        return message
    message.body, message.deleted_at = "", timezone.now()
    message.save(update_fields=["body", "deleted_at"])
    message.reactions.all().delete()
    change = _record(message, Change.Kind.DELETED, by, message.deleted_at)
    announce(events.MessageDeleted(message.conversation_id, message.pk, change.seq, message.sender_id, by.pk))
    return message


@transaction.atomic
def react(*, message_id: int, by: User, emoji: str) -> Reacted:
    """Put an emoji under a message, or take one's own away again.

    Raises NotFound, MessageIsDeleted, EmojiRefused, TooManyReactions and what `check_may_write` raises.
    """
    emoji = clean_emoji(emoji)
    message = _lock_message(by, message_id)
    if message.deleted_at is not None:
        raise MessageIsDeleted
    check_may_write(by, message.conversation)
    added = _toggle(message, by, emoji)
    change = _record(message, Change.Kind.REACTION, by, timezone.now(), {"emoji": emoji, "added": added})
    announce(
        events.ReactionChanged(
            conversation_id=message.conversation_id,
            message_id=message.pk,
            seq=change.seq,
            sender_id=message.sender_id,
            user_id=by.pk,
            user=by.username,
            emoji=emoji,
            added=added,
            user_email=by.email,
        )
    )
    return Reacted(message.pk, change.seq, emoji, by.username, by.email, added)


def _lock_message(by: User, message_id: int) -> Message:
    """The message as it is once its conversation is locked, which everything that changes it holds."""
    seen = get_message_for(by, message_id)
    conversations = Conversation.objects.select_related("venue", "channel").select_for_update(of=("self",), no_key=True)
    conversation = conversations.get(pk=seen.conversation_id)
    message = Message.objects.select_related("sender").get(pk=message_id)
    message.conversation = conversation
    return message


def _store_edit(message: Message, by: User, body: str) -> None:
    message.body, message.edited_at = body, timezone.now()
    message.save(update_fields=["body", "edited_at"])
    change = _record(message, Change.Kind.EDITED, by, message.edited_at)
    announce(
        events.MessageEdited(
            conversation_id=message.conversation_id,
            message_id=message.pk,
            seq=change.seq,
            sender_id=message.sender_id,
            body=body,
            edited_at=message.edited_at,
        )
    )


def _toggle(message: Message, by: User, emoji: str) -> bool:
    mine = Reaction.objects.filter(message=message, user=by)
    if mine.filter(emoji=emoji).delete()[0]:
        return False
    if mine.count() >= MAXIMUM_REACTIONS:
        raise TooManyReactions
    Reaction.objects.create(message=message, user=by, emoji=emoji)
    return True


def _record(
    message: Message, kind: Change.Kind, by: User, at: datetime, payload: dict[str, object] | None = None
) -> Change:
    """Take the next number of the conversation, which the caller has locked, for what happened."""
    conversation = message.conversation
    conversation.last_seq += 1
    conversation.save(update_fields=["last_seq"])
    return Change.objects.create(
        conversation=conversation,
        seq=conversation.last_seq,
        kind=kind,
        message=message,
        actor=by,
        payload=payload or {},
        created_at=at,
    )
