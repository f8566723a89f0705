"""Pulseboard's socket of one's inbox."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from accounts.consumers.signed_in import SignedInConsumer
from accounts.models import User
from core.realtime.wire import Frame, frame_of, moment_in_frame
from core.threads import in_database_thread
from notifications.models import Notification
from notifications.realtime.inboxes import Inboxes, Reader
from notifications.realtime.process import inboxes
from notifications.selectors.inbox import count_unread
from notifications.services.inbox import mark_read

MOST_IDS = 500

Id = Annotated[int, Meta(ge=1, le=2**63 - 1, examples=[1])]
Sentence = Annotated[str, Meta(description="For people.", examples=["Cara mentioned you in #general"])]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-01-15T11:00:00.000000Z"])]
Count = Annotated[int, Meta(ge=0, description="How many are unread.", examples=[1])]


class _FromClient(Struct, tag_field="type", kw_only=True):
    pass


class SubscribeToInbox(_FromClient, tag="subscribe"):
    """Send me what is unread, and what comes from now on."""


class ReadNotifications(_FromClient, tag="read"):
    """I have read these; or all that are there by now, where `ids` is left out. Those that are not mine to read change
    nothing.
    """

    ids: Annotated[list[Id], Meta(max_length=MOST_IDS, examples=[[1, 2]])] | None = None


class _FromServer(Struct, tag_field="type", forbid_unknown_fields=True):
    """What these frames show is all there is in them."""


class InboxNotification(Struct, forbid_unknown_fields=True):
    """As `GET /api/notifications/` shows it."""

    id: Id
    kind: Annotated[str, Meta(examples=["mention"])]
    message: Sentence
    details: Annotated[
        dict[str, Any],
        Meta(
            description="Ids of what it is about; which, depends on the kind.",
            examples=[{"workspace_id": 1, "channel_id": 1, "message_id": 5}],
        ),
    ]
    created_at: Moment
    read_at: Annotated[None, Meta(description="It is unread.", examples=[None])] = None


class Notified(_FromServer, tag="notification"):
    """You are told of something. Upon `subscribe` all that are unread come so, the first first."""

    message: Sentence
    notification: Annotated[
        InboxNotification,
        Meta(
            examples=[
                {
                    "id": 1,
                    "kind": "mention",
                    "message": "Cara mentioned you in #general",
                    "details": {"workspace_id": 1, "channel_id": 1, "message_id": 5},
                    "created_at": "2026-01-15T11:00:00.000000Z",
                    "read_at": None,
                }
            ]
        ),
    ]


class InboxSubscribed(_FromServer, tag="subscribed"):
    """What is unread follows, then what comes."""

    unread_count: Count


class UnreadCount(_FromServer, tag="unread_count"):
    """Something came, or was read here or elsewhere."""

    unread_count: Count


class InboxRefused(_FromServer, tag="error"):
    """Something was wrong: with a frame of yours, or with the socket, which then closes."""

    message: Annotated[str, Meta(description="For people.", examples=["Unknown frame type."])]
    code: Annotated[str, Meta(description="For programs; stable.", examples=["frame_type_unknown"])]


class InboxSpelling:
    def notification(self, notification: Notification) -> Frame:
        shown = InboxNotification(
            id=notification.pk,
            kind=notification.kind,
            message=notification.sentence,
            details=notification.details,
            created_at=moment_in_frame(notification.created_at),
        )
        return frame_of(Notified(shown.message, shown))

    def subscribed(self, unread: int) -> Frame:
        return frame_of(InboxSubscribed(unread))

    def unread_count(self, unread: int) -> Frame:
        return frame_of(UnreadCount(unread))


_spelling = InboxSpelling()


class NotificationsConsumer(SignedInConsumer):
    """What one is told, while it happens, on every open socket once; and how many are unread whenever that changes, so
    that several of them agree.
    """

    title = "What one is told of"
    takes: ClassVar = {"subscribe": SubscribeToInbox, "read": ReadNotifications}
    gives: ClassVar = (Notified, InboxSubscribed, UnreadCount, InboxRefused)

    async def signed_in(self, user: User) -> None:
        self._inboxes: Inboxes = await inboxes()
        self._reader = Reader(self.outbox, _spelling)
        self._has_subscribed = False

    async def received(self, frame: SubscribeToInbox | ReadNotifications) -> None:
        if isinstance(frame, SubscribeToInbox):
            self._has_subscribed = True
            await self._inboxes.open(self.user.pk, self._reader)
        else:
            await self._read_these(frame.ids)

    async def _read_these(self, ids: list[int] | None) -> None:
        """Who is subscribed is told of a change like everybody else."""
        updated = await in_database_thread(mark_read, by=self.user, ids=ids)
        if not updated or not self._has_subscribed:
            self.outbox.send(_spelling.unread_count(await in_database_thread(count_unread, self.user)))

    def left(self) -> None:
        if self.identity is not None and hasattr(self, "_reader"):
            self._inboxes.close(self.identity.user.pk, self._reader)
