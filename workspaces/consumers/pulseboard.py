"""Pulseboard's sockets of a workspace's life: its feed, and who of its people is there."""

from typing import Annotated, ClassVar, Literal, cast

import msgspec
from django.db import InterfaceError, OperationalError
from msgspec import Meta, Struct

from accounts.consumers.signed_in import SignedInConsumer
from accounts.models import User
from activity.models import FeedEntry
from core.errors import DomainError, NotFound, Unavailable
from core.realtime.wire import Frame, frame_of
from core.surface.socket_figures import figures
from core.threads import in_database_thread
from workspaces.api.pulseboard.activity import ACTIVITY_EXAMPLE
from workspaces.realtime.circles import Watcher
from workspaces.realtime.feeds import Feeds, Follower, feeds
from workspaces.realtime.presence import Presence, presence
from workspaces.selectors import get_workspace_for

Id = Annotated[int, Meta(ge=1, le=2**63 - 1, examples=[1])]
Email = Annotated[str, Meta(examples=["c1@example.com"])]
Status = Literal["online", "idle", "offline"]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-01-15T11:00:00Z"])]


class _FromClient(Struct, tag_field="type", kw_only=True):
    pass


class _FromServer(Struct, tag_field="type", forbid_unknown_fields=True):
    """What these frames show is all there is in them."""


class WorkspaceRefused(_FromServer, tag="error", kw_only=True):
    """Something was wrong: with a frame of yours, with a workspace, or with the socket, which then closes."""

    message: Annotated[str, Meta(description="For people.", examples=["There is no such thing here."])]
    code: Annotated[str, Meta(description="For programs; stable.", examples=["not_found"])]
    workspace_id: Annotated[Id, Meta(description="Which you do not follow.")] | msgspec.UnsetType = msgspec.UNSET


# The feed


class Subscribe(_FromClient, tag="subscribe"):
    """Show me what happens in a workspace. With `since`, first what has a higher id than that activity.

    Ids are given out before activities are stored, so that one of a lower id may be stored a moment later. Who may miss
    nothing asks since one they were shown ten seconds before they were cut off, and passes over the ids they have.
    """

    workspace_id: Id
    since: Annotated[int, Meta(ge=0, le=2**63 - 1, description="An activity's id.", examples=[41])] | None = None


class Unsubscribe(_FromClient, tag="unsubscribe"):
    """Show me no more of a workspace."""

    workspace_id: Id


class Activity(Struct, forbid_unknown_fields=True):
    """As `POST /api/activities/` shows it."""

    id: Id
    actor_email: Email
    type: Annotated[str, Meta(examples=["message_sent"])]
    ref_id: Annotated[int, Meta(description="Of what it was done to.", examples=[5])]
    summary: Annotated[str, Meta(examples=["Cara sent a message in #general"])]
    created_at: Moment


class ActivityUpdate(_FromServer, tag="activity_update"):
    """Something happened in a workspace you follow."""

    activity: Annotated[Activity, Meta(examples=[ACTIVITY_EXAMPLE])]


class Subscribed(_FromServer, tag="subscribed"):
    """You were shown what came after `since`, and what comes now follows; where that was not `complete`, it is too much
    to be shown here: read it page by page.
    """

    workspace_id: Id
    complete: Annotated[bool, Meta(examples=[True])]


class ActivityConsumer(SignedInConsumer):
    """What happens in any number of workspaces, while it does: to those who are in them, and of a private channel to
    those who are in that. Who has to go is told so by the error frame, and follows the others on.
    """

    title = "What happens in workspaces"
    takes: ClassVar = {"subscribe": Subscribe, "unsubscribe": Unsubscribe}
    gives: ClassVar = (ActivityUpdate, Subscribed, WorkspaceRefused)

    async def signed_in(self, user: User) -> None:
        self._feeds: Feeds = await feeds()
        self._followed: dict[int, Follower] = {}

    async def received(self, frame: Subscribe | Unsubscribe) -> None:
        try:
            await self._handle(frame)
        except DomainError as refusal:
            refusal.details["workspace_id"] = frame.workspace_id
            raise
        except (OperationalError, InterfaceError):
            raise Unavailable(details={"workspace_id": frame.workspace_id}) from None

    async def _handle(self, frame: Subscribe | Unsubscribe) -> None:
        """Whoever follows already goes on without a gap, unless they ask for what they missed."""
        if isinstance(frame, Unsubscribe):
            self._unfollow(frame.workspace_id)
        elif frame.since is not None or frame.workspace_id not in self._followed:
            self._unfollow(frame.workspace_id)
            await self._follow(frame)

    async def _follow(self, frame: Subscribe) -> None:
        await in_database_thread(get_workspace_for, self.user, frame.workspace_id)
        follower = Follower(self.user, frame.workspace_id, self.outbox, spell_activity, self._shown_out)
        is_all = await self._feeds.follow(follower, frame.since)
        self._followed[frame.workspace_id] = follower
        if self.is_closing:
            self._unfollow(frame.workspace_id)
        elif frame.since is not None:
            self.outbox.send(frame_of(Subscribed(frame.workspace_id, is_all)))
            figures.sent["subscribed"] += 1

    def _shown_out(self, workspace_id: int) -> None:
        self._unfollow(workspace_id)
        self.tell(NotFound(details={"workspace_id": workspace_id}))

    def _unfollow(self, workspace_id: int) -> None:
        follower = self._followed.pop(workspace_id, None)
        if follower is not None:
            self._feeds.leave(follower)

    def left(self) -> None:
        for workspace_id in list(getattr(self, "_followed", ())):
            self._unfollow(workspace_id)


# Presence


class Heartbeat(_FromClient, tag="heartbeat"):
    """I am still here; to be sent every 30 seconds."""

    status: Annotated[Literal["online", "idle"], Meta(examples=["online"])] = "online"


class PresenceUpdate(_FromServer, tag="presence_update"):
    """Somebody you share a workspace with came, or went, or is back from a pause or takes one."""

    user_email: Email
    status: Annotated[Status, Meta(examples=["online"])]


class PresenceConsumer(SignedInConsumer):
    """Who is there, of those one shares a workspace with. An open socket says that its user is online, its heartbeats
    may say that they are idle; who sends none for 75 seconds is offline until the next one. All sockets of a user count
    as one, online before idle, and closing the last makes them offline after five seconds. First everybody who is there
    now is shown, then every change.
    """

    title = "Who is there"
    takes: ClassVar = {"heartbeat": Heartbeat}
    gives: ClassVar = (PresenceUpdate, WorkspaceRefused)

    _watcher: Watcher | None = None

    async def signed_in(self, user: User) -> None:
        self._presence: Presence = await presence()
        self._watcher = Watcher(user.pk, self.outbox, spell_presence)
        self._presence.arrive(self._watcher)

    def reconsider(self) -> None:
        """They have blocked somebody, or no longer do."""
        if self._watcher is not None:
            self._presence.reconsider(self._watcher.user_id)

    async def received(self, frame: Heartbeat) -> None:
        assert self._watcher is not None
        self._presence.beat(self._watcher, frame.status)

    def left(self) -> None:
        if self._watcher is not None:
            self._presence.leave(self._watcher)


def spell_activity(entry: FeedEntry) -> Frame:
    activity = Activity(
        entry.pk,
        entry.actor.email,
        entry.type,
        entry.ref_id,
        entry.sentence,
        entry.at.isoformat().replace("+00:00", "Z"),
    )
    return frame_of(ActivityUpdate(activity))


def spell_presence(email: str, status: str) -> Frame:
    return frame_of(PresenceUpdate(email, cast(Status, status)))
