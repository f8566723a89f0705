"""What is said in a workspace's channels."""

from typing import Any

from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from chat import errors
from chat.api.fields import (
    HistoryQuery,
    ReactionCountOut,
    ReactionIn,
    ReadIn,
    ReadOut,
    window_of,
)
from chat.api.history import HistoryView
from chat.models import Message
from chat.selectors.history import channel_history, find_in_workspace, reactions_to
from chat.services.changes import delete_message, edit_message, react
from chat.services.conversations import mark_channel_read
from chat.services.posting import post_in_channel
from chat.text import MAXIMUM_BODY_LENGTH, MAXIMUM_CLIENT_ID_LENGTH
from core.errors import NotFound
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import Id, ListQuery, Serializer, Text
from core.surface.views import SurfaceView

LARGEST_ID = 2**63 - 1
LONGEST_SEARCH = 200
MESSAGE_EXAMPLE = {
    "id": 1,
    "sender_email": "c1@example.com",
    "body": "Hello team!",
    "created_at": "2026-01-15T11:00:00Z",
    "seq": 1,
    "edited_at": None,
    "deleted": False,
    "reactions": [{"emoji": "👍", "count": 2, "mine": True}],
}


class ChannelQuery(HistoryQuery):
    channel_id = fields.IntegerField(min_value=1, max_value=LARGEST_ID)
    q = fields.CharField(
        default="", max_length=LONGEST_SEARCH, allow_blank=True, help_text="Only messages that say all of these words."
    )


class SearchQuery(ListQuery):
    workspace_id = fields.IntegerField(min_value=1, max_value=LARGEST_ID)
    q = fields.CharField(max_length=LONGEST_SEARCH, help_text="Messages that say all of these words.")


class ChannelMessageIn(Serializer):
    channel_id = Id()
    body = Text(max_length=MAXIMUM_BODY_LENGTH)
    client_id = Text(
        max_length=MAXIMUM_CLIENT_ID_LENGTH,
        default="",
        allow_blank=True,
        trim_whitespace=False,
        help_text="Your own name for it: sent again it is stored once, and answered with the same `message_id`.",
    )


class PostedOut(Serializer):
    message_id = fields.IntegerField(source="pk")
    seq = fields.IntegerField(help_text="Its number in the channel; edits, deletions and reactions take theirs.")


class ChannelMessageOut(Serializer):
    id = fields.IntegerField()
    sender_email = fields.EmailField(source="sender.email")
    body = fields.CharField(help_text="Empty when the message is deleted.")
    created_at = fields.DateTimeField()
    seq = fields.IntegerField(help_text="Its number in the channel; edits, deletions and reactions take theirs.")
    edited_at = fields.DateTimeField(allow_null=True)
    deleted = fields.BooleanField(source="is_deleted")
    reactions = ReactionCountOut(source="reaction_counts", many=True, required=False)

    def to_representation(self, message: Message) -> dict[str, Any]:
        counts = self.context.get("reactions", {}).get(message.pk, ())
        return {**super().to_representation(message), "reactions": self.fields["reactions"].to_representation(counts)}


class FoundMessageOut(ChannelMessageOut):
    channel_id = fields.IntegerField(source="conversation.channel_id")


class ChannelMessageAnswer(Serializer):
    data = ChannelMessageOut()  # type: ignore[assignment] # declared fields are no attributes


class EditIn(Serializer):
    body = Text(max_length=MAXIMUM_BODY_LENGTH)


class ReactedOut(Serializer):
    id = fields.IntegerField(source="message_id", help_text="The message's.")
    seq = fields.IntegerField(help_text="The change's number in the channel.")
    emoji = fields.CharField()
    user_email = fields.EmailField()
    added = fields.BooleanField(help_text="`false`: it was there and is taken away.")


class ReactedAnswer(Serializer):
    data = ReactedOut()  # type: ignore[assignment]


class ChannelMessages(HistoryView):
    access = {"GET": SIGNED_IN, "POST": SIGNED_IN}
    shows = ChannelMessageOut

    @operation(
        summary="Read a channel, or search in it",
        description="The newest page unless `before` or `since` is given, oldest first within it; without the messages "
        "of those you blocked.",
        query=[ChannelQuery],
        answer=ChannelMessageOut(many=True),
        errors=[NotFound],
        answer_example=[MESSAGE_EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(ChannelQuery)
        window = window_of(asked)
        page = channel_history(self.caller, asked["channel_id"], window, words=asked["q"])
        return self.answer_history(page, window)

    @operation(
        summary="Say something in a channel",
        body=ChannelMessageIn,
        answer=PostedOut,
        status=201,
        errors=[NotFound, errors.MessageRefused, errors.ClientIdRefused],
        example={"channel_id": 1, "body": "Hello everyone!"},
        answer_example={"message_id": 5, "seq": 5},
    )
    def post(self, request: Request) -> Response:
        posted = post_in_channel(by=self.caller, **self.body(ChannelMessageIn))
        return self.answer(PostedOut, posted.message, 201)


class SearchMessages(SurfaceView):
    access = {"GET": SIGNED_IN}

    @operation(
        summary="Search all channels of a workspace that you are in",
        description="The latest first; without the messages of those you blocked.",
        query=[SearchQuery],
        answer=FoundMessageOut(many=True),
        errors=[NotFound],
        answer_example=[{**MESSAGE_EXAMPLE, "channel_id": 1}],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(SearchQuery)
        found = find_in_workspace(self.caller, asked["workspace_id"], asked["q"])
        return self.answer_page(found, FoundMessageOut, order_by=("-id",), present=self._with_reactions)

    def _with_reactions(self, messages: list[Message]) -> list[Message]:
        self._reactions = reactions_to(messages, self.caller)
        return messages

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "reactions": getattr(self, "_reactions", {})}


class ChannelMessageDetail(SurfaceView):
    access = {"PATCH": SIGNED_IN, "DELETE": SIGNED_IN}

    @operation(
        summary="Edit your message, within 15 minutes",
        body=EditIn,
        answer=ChannelMessageAnswer,
        errors=[errors.MessageRefused, errors.NotYourMessage, errors.EditTooLate, errors.MessageIsDeleted],
        example={"body": "Hello everybody!"},
        answer_example={"data": MESSAGE_EXAMPLE},
    )
    def patch(self, request: Request, message_id: int) -> Response:
        message = edit_message(message_id=message_id, by=self.caller, **self.body(EditIn))
        context = self.get_serializer_context() | {"reactions": reactions_to([message], self.caller)}
        return Response(ChannelMessageAnswer({"data": message}, context=context).data)

    @operation(
        summary="Delete a message",
        description="Your own; the owner and the admins of the workspace may delete any.",
        status=204,
        errors=[errors.NotYourMessage],
    )
    def delete(self, request: Request, message_id: int) -> Response:
        delete_message(message_id=message_id, by=self.caller)
        return Response(status=204)


class ChannelMessageReactions(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Put an emoji under a message, or take it away again",
        body=ReactionIn,
        answer=ReactedAnswer,
        errors=[errors.EmojiRefused, errors.TooManyReactions, errors.MessageIsDeleted],
        example={"emoji": "👍"},
        answer_example={"data": {"id": 1, "seq": 6, "emoji": "👍", "user_email": "c1@example.com", "added": True}},
    )
    def post(self, request: Request, message_id: int) -> Response:
        reacted = react(message_id=message_id, by=self.caller, **self.body(ReactionIn))
        return self.answer(ReactedAnswer, {"data": reacted})


class ChannelRead(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Say up to where you have read a channel",
        body=ReadIn,
        answer=ReadOut,
        example={"seq": 4},
        answer_example={"seq": 4},
    )
    def post(self, request: Request, channel_id: int) -> Response:
        return self.answer(
            ReadOut, {"seq": mark_channel_read(by=self.caller, channel_id=channel_id, **self.body(ReadIn))}
        )
