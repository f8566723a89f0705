"""What messages look like to Pub clients."""

from typing import Any

from rest_framework import fields

from chat.api.fields import HistoryQuery, ReactionCountOut, window_of
from chat.api.history import HistoryView
from chat.models import Message
from chat.selectors.history import Window
from chat.text import MAXIMUM_BODY_LENGTH
from core.surface.serializers import Serializer, Text

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
            shown["reactions"] = self.fields["reactions"].to_representation(counts)
        return {name: value for name, value in shown.items() if value is not None and value is not False}


class MessageIn(Serializer):
    message = Text(max_length=MAXIMUM_BODY_LENGTH)


class ReactedOut(Serializer):
    id = fields.IntegerField(source="message_id", help_text="The message's.")
    seq = fields.IntegerField(help_text="The change's number in the conversation.")
    emoji = fields.CharField()
    user = fields.CharField()
    added = fields.BooleanField(help_text="`false`: it was there and is taken away.")


class PubHistoryView(HistoryView):
    shows = ChatMessageOut

    def asked_window(self) -> Window:
        return window_of(self.query(HistoryQuery))
