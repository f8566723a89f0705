"""Nearly every message is new and may be said: on PostgreSQL one statement judges, numbers and stores all of those.

What `chat.selectors.standing` says of who may write is said here once more, in SQL. It need not say why somebody may
not: what is not stored here is judged there.
"""

from collections.abc import Collection, Sequence

from chat.models import Message
from core import sql
from venues.models import Venue

_MAY_WRITE_IN_GROUP = """
    locked.venue_id IS NOT NULL AND locked.closed_at IS NULL AND (
        asked.may_write_anywhere
        OR locked.owner_id = asked.sender_id
        OR locked.venue_status = asked.active AND EXISTS (
            SELECT FROM venues_presence AS presence
            WHERE presence.user_id = asked.sender_id AND presence.venue_id = locked.venue_id
            AND presence.until > asked.now
        ) AND NOT EXISTS (
            SELECT FROM chat_mute AS mute
            WHERE mute.conversation_id = locked.id AND mute.user_id = asked.sender_id AND mute.until > asked.now
        )
    )
    """
_MAY_WRITE_IN_PRIVATE = """
    asked.sender_id IN (locked.one, locked.other) AND NOT EXISTS (
        SELECT FROM accounts_block AS block
        WHERE (block.blocker_id, block.blocked_id) IN ((locked.one, locked.other), (locked.other, locked.one))
    )
    """
_MAY_WRITE_IN_CHANNEL = """
    locked.channel_id IS NOT NULL AND EXISTS (
        SELECT FROM workspaces_channel AS channel
        JOIN workspaces_workspace AS workspace ON workspace.id = channel.workspace_id
        JOIN workspaces_member AS member ON member.workspace_id = channel.workspace_id
        WHERE channel.id = locked.channel_id AND member.user_id = asked.sender_id
        AND channel.deleted_at IS NULL AND workspace.deleted_at IS NULL
        AND (NOT channel.is_private OR EXISTS (
            SELECT FROM workspaces_channelmember AS inside
            WHERE inside.channel_id = channel.id AND inside.user_id = asked.sender_id
        ))
    )
    """
_ROW = "place int, conversation_id bigint, sender_id bigint, may_write_anywhere bool, client_id text, body text"
_STATEMENT = f"""
    WITH asked AS MATERIALIZED (
        SELECT row.*, %s::timestamptz AS now, %s AS active FROM json_to_recordset(%s) AS row({_ROW})
    ), locked AS MATERIALIZED (
        SELECT conversation.id, venue_id, venue.owner_id, venue.status AS venue_status, channel_id, closed_at, last_seq,
               split_part(pair, '-', 1)::bigint AS one, split_part(pair, '-', 2)::bigint AS other
        FROM chat_conversation AS conversation LEFT JOIN venues_venue AS venue ON venue.id = venue_id
        WHERE conversation.id = ANY(%s::bigint[]) ORDER BY conversation.id
        FOR NO KEY UPDATE OF conversation {{}}
    ), allowed AS MATERIALIZED (
        SELECT asked.*, locked.channel_id IS NOT NULL AS in_channel,
               locked.last_seq + row_number() OVER (PARTITION BY conversation_id ORDER BY place) AS seq
        FROM asked JOIN locked ON locked.id = asked.conversation_id
        WHERE ({_MAY_WRITE_IN_GROUP}) OR ({_MAY_WRITE_IN_PRIVATE}) OR ({_MAY_WRITE_IN_CHANNEL})
    ), counted AS (
        UPDATE chat_conversation SET last_seq = latest.seq, updated_at = latest.now
        FROM (SELECT conversation_id, now, max(seq) AS seq FROM allowed GROUP BY conversation_id, now) AS latest
        WHERE chat_conversation.id = latest.conversation_id
    ), stored AS (
        INSERT INTO chat_message (conversation_id, seq, sender_id, client_id, body, in_channel, created_at)
        SELECT conversation_id, seq, sender_id, client_id, body, in_channel, now FROM allowed ORDER BY place
        RETURNING id, conversation_id, seq
    )
    SELECT place, id, stored.seq FROM stored JOIN allowed USING (conversation_id, seq)
    """  # noqa: S608 - what is put in here are constants
_WAITING, _HASTY = _STATEMENT.format(""), _STATEMENT.format("SKIP LOCKED")
_HELD = """
    WITH free AS MATERIALIZED (
        SELECT id FROM chat_conversation WHERE id = ANY(%s::bigint[]) FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT id FROM chat_conversation WHERE id = ANY(%s::bigint[]) AND id NOT IN (SELECT id FROM free)
    """


def insert_allowed(messages: Sequence[Message], *, waits: bool) -> list[Message]:
    """Store those that may be said, in the order given, and return them with their `pk` and `seq`. PostgreSQL only.

    Their conversations' rows are locked in the order of their keys; unless it `waits`, one that somebody else holds is
    passed over. A mute that is set at the very moment a message waits for that lock may come too late for it. Raises
    IntegrityError when a `client_id` is taken: nothing is stored.
    """
    rows = [
        {
            "place": place,
            "conversation_id": message.conversation_id,
            "sender_id": message.sender_id,
            "may_write_anywhere": message.sender.is_superuser,
            "client_id": message.client_id,
            "body": message.body,
        }
        for place, message in enumerate(messages)
    ]
    conversation_ids = {message.conversation_id for message in messages}
    active, now = Venue.Status.ACTIVE.value, messages[0].created_at
    stored = sql.fetch(_WAITING if waits else _HASTY, now, active, sql.as_rows(rows), sql.listed(conversation_ids))
    for place, key, seq in stored:
        message = messages[place]
        message.pk, message.seq, message._state.adding = key, seq, False
    return [messages[place] for place, *_ in sorted(stored)]


def find_held(conversation_ids: Collection[int]) -> set[int]:
    """Those whose row another transaction holds at this moment. PostgreSQL only."""
    asked = sql.listed(conversation_ids)
    return {conversation_id for (conversation_id,) in sql.fetch(_HELD, asked, asked)}
