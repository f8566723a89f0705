"""The rows that a batch of messages reads and writes: one statement for each step, however many messages there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from chat.models import Message
from chat.selectors.standing import Place
from core import sql


@dataclass(slots=True)
class Locked:
    """A conversation whose row is locked, and its counter as this transaction will leave it."""

    place: Place
    last_seq: int


def lock_conversations(conversation_ids: Collection[int]) -> dict[int, Locked]:
    """Those that exist, locked in the order of their keys."""
    lock = "FOR NO KEY UPDATE OF conversation" if connection.features.has_select_for_no_key_update else ""
    statement = f"""
        SELECT conversation.id, conversation.pair, venue.id, venue.owner_id,
               conversation.closed_at IS NOT NULL, conversation.last_seq
        FROM chat_conversation AS conversation LEFT JOIN venues_venue AS venue ON venue.id = conversation.venue_id
        WHERE {sql.one_of("conversation.id")} ORDER BY conversation.id {lock}
        """  # noqa: S608 - what is put in here are names
    return {
        conversation_id: Locked(Place(conversation_id, _pair_ids(pair), venue_id, owner_id, bool(is_closed)), last_seq)
        for conversation_id, pair, venue_id, owner_id, is_closed, last_seq in sql.fetch(
            statement, sql.listed(conversation_ids)
        )
    }


def insert_messages(messages: Sequence[Message], now: datetime) -> None:
    """Store them all as said `now`, and give them their keys. Raises IntegrityError when one's `client_id` is taken."""
    columns = "conversation_id bigint, seq bigint, sender_id bigint, client_id text, body text"
    names = "conversation_id, seq, sender_id, client_id, body"
    statement = f"""
        INSERT INTO chat_message ({names}, created_at) SELECT {names}, %s FROM {sql.rows_of(columns)} WHERE true
        RETURNING id, conversation_id, seq
        """  # noqa: S608 - what is put in here are names
    rows = [
        {
            "conversation_id": message.conversation_id,
            "seq": message.seq,
            "sender_id": message.sender_id,
            "client_id": message.client_id,
            "body": message.body,
        }
        for message in messages
    ]
    stored = sql.fetch(statement, sql.as_time(now), sql.as_rows(rows))
    keys = {(conversation_id, seq): key for key, conversation_id, seq in stored}
    for message in messages:
        message.pk = keys[message.conversation_id, message.seq]
        message._state.adding = False


def count_up(last_seqs: Sequence[tuple[int, int]], now: datetime) -> None:
    """Leave each locked conversation with its last `seq`."""
    statement = f"""
        UPDATE chat_conversation SET last_seq = row.last_seq, updated_at = %s
        FROM {sql.rows_of("id bigint, last_seq bigint")} WHERE chat_conversation.id = row.id
        """  # noqa: S608 - what is put in here are names
    rows = [{"id": conversation_id, "last_seq": last_seq} for conversation_id, last_seq in last_seqs]
    sql.run(statement, sql.as_time(now), sql.as_rows(rows))


def _pair_ids(pair: str | None) -> frozenset[int]:
    return frozenset(int(user_id) for user_id in pair.split("-")) if pair else frozenset()
