"""What every contract asks and shows of messages alike."""

from typing import Any

from rest_framework import fields, serializers

from chat.selectors.history import Window
from chat.text import MAXIMUM_EMOJI_LENGTH
from core.pagination import DEFAULT_LIMIT
from core.surface.serializers import Integer, Serializer, Text

LARGEST_SEQ = 2**63 - 1


class ReactionCountOut(Serializer):
    emoji = fields.CharField()
    count = fields.IntegerField()
    mine = fields.BooleanField(help_text="Whether you are one of them.")


class ReactionIn(Serializer):
    emoji = Text(max_length=MAXIMUM_EMOJI_LENGTH)


class ReadIn(Serializer):
    seq = Integer(min_value=0, max_value=LARGEST_SEQ, help_text="The last one you have seen.")


class ReadOut(Serializer):
    seq = fields.IntegerField(help_text="Up to where you have read; it never moves back.")


class HistoryQuery(serializers.Serializer[Any]):
    before = fields.IntegerField(
        min_value=0, max_value=LARGEST_SEQ, required=False, help_text="The newest before this `seq`."
    )
    since = fields.IntegerField(
        min_value=0, max_value=LARGEST_SEQ, required=False, help_text="The oldest after this `seq`."
    )
    limit = fields.IntegerField(
        min_value=1, default=DEFAULT_LIMIT, help_text="How many messages, 50 unless given; more than 200 are clamped."
    )


def window_of(asked: dict[str, Any]) -> Window:
    return Window(limit=asked["limit"], before=asked.get("before"), since=asked.get("since"))
