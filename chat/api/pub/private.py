"""Private chats: two people, and what they said."""

from functools import partial

from drf_spectacular.utils import OpenApiResponse
from rest_framework import fields
from rest_framework.request import Request
from rest_framework.response import Response

from chat.api.fields import HistoryQuery, ReadIn, ReadOut
from chat.api.pub.fields import HISTORY_EXAMPLE, ChatMessageOut, PubHistoryView
from chat.errors import Blocked, ChatWithOneself
from chat.selectors.conversations import describe_private_chats, private_chats_of
from chat.selectors.history import private_history
from chat.services.conversations import OpenedChat, mark_read, open_private_chat
from core.errors import NotFound
from core.surface.access import SIGNED_IN
from core.surface.schema import operation
from core.surface.serializers import ListQuery, Serializer, Text
from core.surface.views import SurfaceView

CREATED_EXAMPLE = {"chat_id": 5, "participants": ["c1", "c2"], "created_at": "2026-03-01T20:10:00Z"}
CHATS_EXAMPLE = {
    "chat_ids": [5],
    "chats": [
        {
            "chat_id": 5,
            "participant": "c2",
            "participant_id": 2,
            "last_message": HISTORY_EXAMPLE[0],
            "unread_count": 1,
            "updated_at": "2026-03-01T20:15:00.123456Z",
        }
    ],
}


class PrivateChatIn(Serializer):
    username = Text(max_length=150)


class PrivateChatOut(Serializer):
    chat_id = fields.IntegerField(source="conversation.pk")
    participants = fields.SerializerMethodField()
    created_at = fields.DateTimeField(source="conversation.created_at")

    def get_participants(self, opened: OpenedChat) -> list[str]:
        return [user.username for user in opened.participants]


class ChatOut(Serializer):
    chat_id = fields.IntegerField()
    participant = fields.CharField(source="participant.username", help_text="The other one.")
    participant_id = fields.IntegerField(source="participant.pk")
    last_message = ChatMessageOut(allow_null=True)
    unread_count = fields.IntegerField(help_text="Messages of the other one that you have not read.")
    updated_at = fields.DateTimeField(help_text="When the last message was sent.")


class ChatListOut(Serializer):
    chat_ids = fields.ListField(child=fields.IntegerField())
    chats = ChatOut(many=True)


class PrivateCreate(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Open a private chat with another user",
        body=PrivateChatIn,
        answer=PrivateChatOut,
        status=201,
        also={200: OpenApiResponse(PrivateChatOut, description="The chat these two already have.")},
        errors=[ChatWithOneself, Blocked, NotFound],
        example={"username": "c2"},
        answer_example=CREATED_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        opened = open_private_chat(by=self.caller, username=self.body(PrivateChatIn)["username"])
        return self.answer(PrivateChatOut, opened, 201 if opened.is_new else 200)


class PrivateList(SurfaceView):
    access = {"GET": SIGNED_IN}

    @operation(
        summary="List your private chats, latest first",
        query=[ListQuery],
        answer=ChatListOut,
        answer_example=CHATS_EXAMPLE,
    )
    def get(self, request: Request) -> Response:
        response = self.answer_page(
            private_chats_of(self.caller),
            ChatOut,
            order_by=("-updated_at", "-id"),
            present=partial(describe_private_chats, self.caller),
        )
        response.data = {"chat_ids": [chat["chat_id"] for chat in response.data], "chats": response.data}
        return response


class PrivateHistory(PubHistoryView):
    access = {"GET": SIGNED_IN}

    @operation(
        summary="Read a private chat",
        query=[HistoryQuery],
        answer=ChatMessageOut(many=True),
        answer_example=HISTORY_EXAMPLE,
    )
    def get(self, request: Request, chat_id: int) -> Response:
        window = self.asked_window()
        return self.answer_history(private_history(self.caller, chat_id, window), window)


class PrivateRead(SurfaceView):
    access = {"POST": SIGNED_IN}

    @operation(
        summary="Say up to where you have read a private chat",
        body=ReadIn,
        answer=ReadOut,
        example={"seq": 7},
        answer_example={"seq": 7},
    )
    def post(self, request: Request, chat_id: int) -> Response:
        return self.answer(ReadOut, {"seq": mark_read(by=self.caller, chat_id=chat_id, **self.body(ReadIn))})
