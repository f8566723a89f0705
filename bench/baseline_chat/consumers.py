"""The consumer of the Channels tutorial, and the same one saving messages as tutorials go on to do."""

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User

from bench.baseline_chat.models import Message, Room


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.room_name = self.scope["url_route"]["kwargs"]["room_name"]
        self.room_group_name = f"chat_{self.room_name}"
        await self.channel_layer.group_add(self.room_group_name, self.channel_name)
        await self.accept()

    async def disconnect(self, close_code: int) -> None:
        await self.channel_layer.group_discard(self.room_group_name, self.channel_name)

    async def receive(self, text_data: str) -> None:
        text_data_json = json.loads(text_data)
        message = text_data_json["message"]
        await self.channel_layer.group_send(self.room_group_name, {"type": "chat.message", "message": message})

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"message": event["message"]}))


class SavingConsumer(ChatConsumer):
    async def connect(self) -> None:
        await super().connect()
        self.user, self.room = await self.get_user_and_room()

    async def receive(self, text_data: str) -> None:
        text_data_json = json.loads(text_data)
        message = text_data_json["message"]
        saved = await self.save_message(message)
        await self.channel_layer.group_send(self.room_group_name, {"type": "chat.message", "message": message})
        await self.send(json.dumps({"type": "ack", "client_id": text_data_json["client_id"], "id": saved.pk}))

    @database_sync_to_async
    def get_user_and_room(self) -> tuple[User, Room]:
        """In place of signing in."""
        user, _ = User.objects.get_or_create(username=self.room_name)
        room, _ = Room.objects.get_or_create(name=self.room_name)
        return user, room

    @database_sync_to_async
    def save_message(self, message: str) -> Message:
        return Message.objects.create(room=self.room, user=self.user, content=message)
