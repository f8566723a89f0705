"""Looking for words in what was said in channels."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from chat.models import Message
from core import sql

LARGEST_ID = 2**63 - 1
PART = 15

_PLACE = f"array[conversation_id::text || '.' || (id >> {PART})::text]"


@dataclass(frozen=True)
class Stretch:
    """Some of the messages after one id and before another: the newest of them, or the oldest."""

    count: int
    after: int = 0
    before: int = LARGEST_ID
    newest: bool = True


def find_saying(
    words: str, conversation_ids: Collection[int], stretch: Stretch, *, but_of: Collection[int] = ()
) -> list[int]:
    """The ids of messages in these channels' conversations that say all of these words, in any order and case, without
    those of some people.

    PostgreSQL compares whole words by an index, and knows "a phrase", `or` and `-without`. Elsewhere a part of a word
    will do, and every message is looked at.
    """
    if connection.vendor == "postgresql":
        return _find_by_index(words, conversation_ids, stretch, but_of)
    rows = Message.objects.filter(in_channel=True, conversation__in=conversation_ids).exclude(sender__in=but_of)
    for word in words.split():
        rows = rows.filter(_says(word))
    rows = rows.filter(pk__gt=stretch.after, pk__lt=stretch.before).order_by("-pk" if stretch.newest else "pk")
    return list(rows.values_list("pk", flat=True)[: stretch.count])


def _says(word: str) -> Q:
    """SQLite's own comparison is several times quicker, and knows the capitals of English letters only."""
    return Q(body__icontains=word) if word.isascii() else Q(body__iregex=re.escape(word))


def _statement(start: str, step: str, order: str) -> str:
    """Ids in parts of 32,768, one part after the other until there are enough: of a word that half of all messages say
    no more is read than of one that two do. The index knows each message's conversation and part, so that what is said
    elsewhere costs nothing. `OFFSET 0` keeps the planner from walking through all messages in the order of their ids.
    """
    return f"""
        WITH RECURSIVE asked AS MATERIALIZED (
            SELECT %s AS words, %s::bigint[] AS conversations, %s::bigint[] AS but_of, %s::int AS count,
                   %s::bigint AS after, %s::bigint AS before
        ), ends AS MATERIALIZED (
            SELECT greatest(min(oldest.id), min(after) + 1) AS first, least(max(newest.id), min(before) - 1) AS last
            FROM asked, unnest(conversations) AS place, LATERAL (
                SELECT id FROM chat_message WHERE conversation_id = place ORDER BY seq LIMIT 1
            ) AS oldest, LATERAL (
                SELECT id FROM chat_message WHERE conversation_id = place ORDER BY seq DESC LIMIT 1
            ) AS newest
        ), walked AS (
            SELECT {start} >> {PART} AS part, 0 AS so_far, '{{}}'::bigint[] AS ids FROM ends
            UNION ALL
            SELECT part {step} 1, so_far + cardinality(found.ids), found.ids
            FROM walked, asked, ends, LATERAL (
                SELECT array(
                    SELECT id FROM (
                        SELECT id, conversation_id, sender_id FROM chat_message
                        WHERE in_channel AND to_tsvector('simple', body) @@ websearch_to_tsquery('simple', words)
                        AND {_PLACE} && array(
                            SELECT place::text || '.' || part::text FROM unnest(conversations) AS place
                        ) OFFSET 0
                    ) AS said
                    WHERE id BETWEEN first AND last AND sender_id <> ALL(but_of)
                    ORDER BY id {order} LIMIT count
                ) AS ids OFFSET 0
            ) AS found
            WHERE part BETWEEN first >> {PART} AND last >> {PART} AND so_far < count
        )
        SELECT id FROM walked, unnest(ids) AS id ORDER BY id {order} LIMIT (SELECT count FROM asked)
        """  # noqa: S608 - what is put in here are constants


_NEWEST, _OLDEST = _statement("last", "-", "DESC"), _statement("first", "+", "ASC")


def _find_by_index(
    words: str, conversation_ids: Collection[int], stretch: Stretch, but_of: Collection[int]
) -> list[int]:
    statement = _NEWEST if stretch.newest else _OLDEST
    within = (stretch.count, stretch.after, stretch.before)
    found = sql.fetch(statement, words, list(conversation_ids), list(but_of), *within)
    return [message_id for (message_id,) in found]
