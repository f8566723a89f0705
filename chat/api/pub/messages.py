"""What can be done to a message, in a private chat or a group."""

from rest_framework.request import Request
from rest_framework.response import Response

from chat import errors
from chat.api.fields import ReactionIn
from chat.api.pub.fields import HISTORY_EXAMPLE, ChatMessageOut, MessageIn, ReactedOut
from chat.services.changes import delete_message, edit_message, react
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.views import SurfaceView

MAY_NOT_WRITE = (errors.Blocked, errors.NotAtVenue, errors.Muted, errors.GroupClosed)


class MessageDetail(SurfaceView):
    access = {"PATCH": SIGNED_IN, "DELETE": SIGNED_IN}

    @operation(
        summary="Edit your message, within 15 minutes",
        body=MessageIn,
        answer=ChatMessageOut,
        errors=[
            errors.MessageRefused,
            errors.NotYourMessage,
            errors.EditTooLate,
            errors.MessageIsDeleted,
            *MAY_NOT_WRITE,
        ],
        example={"message": "Anyone for darts at nine?"},
        answer_example=HISTORY_EXAMPLE[0],
    )
    def patch(self, request: Request, message_id: int) -> Response:
        text = self.body(MessageIn)["message"]
        return self.answer(ChatMessageOut, edit_message(message_id=message_id, by=self.caller, body=text))

    @operation(
        summary="Delete a message",
        description="Your own; in a venue's group its owner and superusers may delete any.",
        status=204,
        errors=[errors.NotYourMessage],
    )
    def delete(self, request: Request, message_id: int) -> Response:
        delete_message(message_id=message_id, by=self.caller)
        return Response(status=204)


class MessageReactions(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Put an emoji under a message, or take it away again",
        body=ReactionIn,
        answer=ReactedOut,
        errors=[errors.EmojiRefused, errors.TooManyReactions, errors.MessageIsDeleted, *MAY_NOT_WRITE],
        example={"emoji": "🎯"},
        answer_example={"id": 1042, "seq": 8, "emoji": "🎯", "user": "c1", "added": True},
    )
    def post(self, request: Request, message_id: int) -> Response:
        return self.answer(ReactedOut, react(message_id=message_id, by=self.caller, **self.body(ReactionIn)))
