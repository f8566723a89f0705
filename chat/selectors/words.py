"""Looking for words in what was said in channels."""

from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, Value

from chat.models import Message


class _SaysWords(Func):
    """As the index `message_by_words` has it, which serves no other way of writing it."""

    template = "to_tsvector('simple', %(expressions)s)"
    arg_joiner = ") @@ websearch_to_tsquery('simple', "
    output_field = BooleanField()


def saying(messages: QuerySet[Message], words: str) -> QuerySet[Message]:
    """Those of channels' messages that say all of these words, in any order and case.

    PostgreSQL compares whole words by an index, and knows "a phrase", `or` and `-without`. Elsewhere a part of a word
    will do, and every message is looked at.
    """
    messages = messages.filter(in_channel=True)
    if connection.vendor == "postgresql":
        return messages.filter(_SaysWords(F("body"), Value(words)))
    for word in words.split():
        messages = messages.filter(body__icontains=word)
    return messages
