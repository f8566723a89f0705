"""The rows that a batch of messages reads and writes: one statement for each step, however many messages there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from chat.models import Message
from chat.selectors.standing import Place
from core import sql

_COLUMNS = "conversation_id, seq, sender_id, client_id, body, in_channel"
_TYPED_COLUMNS = "conversation_id bigint, seq bigint, sender_id bigint, client_id text, body text, in_channel bool"


@dataclass(slots=True)
class Locked:
    """A conversation whose row is locked, and its counter as this transaction will leave it."""

    place: Place
    last_seq: int


def lock_conversations(conversation_ids: Collection[int]) -> dict[int, Locked]:
    """Those that exist, locked in the order of their keys."""
    lock = "FOR NO KEY UPDATE OF conversation" if connection.features.has_select_for_no_key_update else ""
    statement = f"""
        SELECT conversation.id, conversation.pair, venue.id, venue.owner_id, conversation.channel_id,
               conversation.closed_at IS NOT NULL, conversation.last_seq
        FROM chat_conversation AS conversation LEFT JOIN venues_venue AS venue ON venue.id = conversation.venue_id
        WHERE {sql.one_of("conversation.id")} ORDER BY conversation.id {lock}
        """  # noqa: S608 - what is put in here are names
    return {
        conversation_id: Locked(
            Place(conversation_id, _pair_ids(pair), venue_id, owner_id, channel_id, bool(is_closed)), last_seq
        )
        for conversation_id, pair, venue_id, owner_id, channel_id, is_closed, last_seq in sql.fetch(
            statement, sql.listed(conversation_ids)
        )
    }


def insert_messages(messages: Sequence[Message], now: datetime) -> None:
    """Store messages of locked conversations as said `now`, give them their keys, and count the conversations up.

    Raises IntegrityError when one's `client_id` is taken.
    """
    inserting = f"""
        INSERT INTO chat_message ({_COLUMNS}, created_at)
        SELECT {_COLUMNS}, %s FROM {sql.rows_of(_TYPED_COLUMNS)} WHERE true RETURNING id, conversation_id, seq
        """  # noqa: S608 - what is put in here are names
    counting = f"""
        UPDATE chat_conversation SET last_seq = row.last_seq, updated_at = %s
        FROM {sql.rows_of("id bigint, last_seq bigint")} WHERE chat_conversation.id = row.id
        """  # noqa: S608 - what is put in here are names
    last_seqs = {message.conversation_id: message.seq for message in messages}
    insert = (sql.as_time(now), sql.as_rows([_row(message) for message in messages]))
    count = (sql.as_time(now), sql.as_rows([{"id": key, "last_seq": seq} for key, seq in last_seqs.items()]))
    if connection.vendor == "postgresql":
        stored = sql.fetch(f"WITH counted AS ({counting}) {inserting}", *count, *insert)
    else:
        stored = sql.fetch(inserting, *insert)
        sql.run(counting, *count)
    keys = {(conversation_id, seq): key for key, conversation_id, seq in stored}
    for message in messages:
        message.pk = keys[message.conversation_id, message.seq]
        message._state.adding = False


def _row(message: Message) -> dict[str, object]:
    return {
        "conversation_id": message.conversation_id,
        "seq": message.seq,
        "sender_id": message.sender_id,
        "client_id": message.client_id,
        "body": message.body,
        "in_channel": message.in_channel,
    }


def _pair_ids(pair: str | None) -> frozenset[int]:
    return frozenset(int(user_id) for user_id in pair.split("-")) if pair else frozenset()
