"""The durable facts of a conversation in the order of their `seq`, as the sockets are told them."""

from collections.abc import Iterable

from django.db.models import BigIntegerField, QuerySet

from chat.entries import Entry, Stretch
from chat.events import MessageDeleted, MessageEdited, PostedMessage, ReactionChanged
from chat.models import Change, Conversation, Message
from core.prepared import Prepared, Row, Slot

_conversation = Prepared(lambda: Conversation.objects.filter(pk=Slot("id", BigIntegerField())).order_by())
_messages = Prepared(lambda: _within(Message.objects.select_related("sender")))
_changes = Prepared(lambda: _within(Change.objects.select_related("message", "actor")))


def entries_since(conversation_id: int, since: int, limit: int) -> Stretch:
    """The first `limit` entries after `since`, in three queries.

    The head is read first: everything up to it is stored by then, so that nothing is missed between the queries. A
    message tells what it says now, so an edit may be told twice; one that was deleted since is told as deleted where it
    stood, so that no `seq` is missing.
    """
    conversation = _conversation.first(id=conversation_id)
    head = conversation.last_seq if conversation else 0
    if head <= since:
        return Stretch((), head, complete=True)
    window = {"conversation_id": conversation_id, "since": since, "head": head}
    entries: list[Entry] = [_of_message(row) for row in _first(_messages, limit + 1).all(**window)]
    entries += [_of_change(row) for row in _first(_changes, limit + 1).all(**window)]
    entries.sort(key=lambda entry: entry.seq)
    if len(entries) > limit:
        return Stretch(entries[:limit], entries[limit - 1].seq, complete=False)
    return Stretch(entries, head, complete=True)


def heads_of(conversation_ids: Iterable[int]) -> dict[int, int]:
    """The last `seq` of each of these conversations, in one query."""
    rows = Conversation.objects.filter(pk__in=list(conversation_ids))
    return dict(rows.values_list("pk", "last_seq"))


def _within(rows: QuerySet[Row]) -> QuerySet[Row]:
    conversation, since, head = (Slot(name, BigIntegerField()) for name in ("conversation_id", "since", "head"))
    return rows.filter(conversation=conversation, seq__gt=since, seq__lte=head).order_by("seq")


def _first(rows: Prepared[Row], count: int) -> Prepared[Row]:
    return rows.changed(count, lambda found: found[:count])


def _of_message(row: Message) -> Entry:
    if row.deleted_at is not None:
        return MessageDeleted(row.conversation_id, row.pk, row.seq, row.sender_id, row.sender_id)
    return PostedMessage(
        id=row.pk,
        conversation_id=row.conversation_id,
        seq=row.seq,
        sender_id=row.sender_id,
        sender=row.sender.username,
        body=row.body,
        sent_at=row.created_at,
        client_id=row.client_id or "",
        sender_email=row.sender.email,
    )


def _of_change(row: Change) -> Entry:
    message = row.message
    if row.kind == Change.Kind.REACTION:
        return ReactionChanged(
            conversation_id=row.conversation_id,
            message_id=message.pk,
            seq=row.seq,
            sender_id=message.sender_id,
            user_id=row.actor_id,
            user=row.actor.username,
            emoji=row.payload["emoji"],
            added=row.payload["added"],
            user_email=row.actor.email,
        )
    if row.kind == Change.Kind.DELETED or message.deleted_at is not None:
        return MessageDeleted(row.conversation_id, message.pk, row.seq, message.sender_id, row.actor_id)
    return MessageEdited(
        conversation_id=row.conversation_id,
        message_id=message.pk,
        seq=row.seq,
        sender_id=message.sender_id,
        body=message.body,
        edited_at=row.created_at,
    )
