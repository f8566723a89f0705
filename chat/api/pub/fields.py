"""What messages look like to Pub clients."""

from typing import Any

from rest_framework import fields, serializers
from rest_framework.response import Response

from chat.models import Message
from chat.selectors.history import HistoryPage, Window, reactions_to
from chat.text import MAXIMUM_BODY_LENGTH, MAXIMUM_EMOJI_LENGTH
from core.pagination import DEFAULT_LIMIT
from core.surface.answers import page_link
from core.surface.serializers import Integer, Serializer, Text
from core.surface.views import SurfaceView

LARGEST_SEQ = 2**63 - 1
HISTORY_EXAMPLE = [
    {
        "id": 1042,
        "seq": 7,
        "sender": "c2",
        "sender_id": 2,
        "message": "Anyone for darts?",
        "timestamp": "2026-03-01T20:15:00.123456Z",
        "reactions": [{"emoji": "🎯", "count": 2, "mine": True}],
    }
]


class ReactionCountOut(Serializer):
    emoji = fields.CharField()
    count = fields.IntegerField()
    mine = fields.BooleanField(help_text="Whether you are one of them.")


class ChatMessageOut(Serializer):
    """The last three only where there is something to say; the text of a deleted message is empty."""

    id = fields.IntegerField()
    seq = fields.IntegerField(help_text="Its number in the conversation; edits, deletions and reactions take theirs.")
    sender = fields.CharField(source="sender.username")
    sender_id = fields.IntegerField()
    message = fields.CharField(source="body")
    timestamp = fields.DateTimeField(source="created_at")
    edited_at = fields.DateTimeField(required=False)
    deleted = fields.BooleanField(source="is_deleted", required=False)
    reactions = ReactionCountOut(source="reaction_counts", many=True, required=False)

    def to_representation(self, message: Message) -> dict[str, Any]:
        shown = super().to_representation(message)
        counts = self.context.get("reactions", {}).get(message.pk)
        if counts:
            shown["reactions"] = ReactionCountOut(counts, many=True).data
        return {name: value for name, value in shown.items() if value is not None and value is not False}


class MessageIn(Serializer):
    message = Text(max_length=MAXIMUM_BODY_LENGTH)


class ReactionIn(Serializer):
    emoji = Text(max_length=MAXIMUM_EMOJI_LENGTH)


class ReactedOut(Serializer):
    id = fields.IntegerField(source="message_id", help_text="The message's.")
    seq = fields.IntegerField(help_text="The change's number in the conversation.")
    emoji = fields.CharField()
    user = fields.CharField()
    added = fields.BooleanField(help_text="`false`: it was there and is taken away.")


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


class HistoryView(SurfaceView):
    """Messages, oldest first; where more lie in the direction asked for is in `Link`."""

    def asked_window(self) -> Window:
        return Window(**self.query(HistoryQuery))

    def answer_history(self, page: HistoryPage, window: Window) -> Response:
        context = self.get_serializer_context() | {"reactions": reactions_to(page.messages, self.caller)}
        response = Response(ChatMessageOut(page.messages, many=True, context=context).data)
        if page.has_more and window.since is not None:
            response["Link"] = page_link(self.request, page.messages[-1].seq, parameter="since")
        elif page.has_more:
            response["Link"] = page_link(self.request, page.messages[0].seq, parameter="before")
        return response
