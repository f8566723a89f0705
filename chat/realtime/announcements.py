"""From what the services announce to what the sockets are told, once it is stored."""

from accounts.realtime import reconsider_users
from chat import events
from chat.entries import Whisper
from chat.realtime.process import publish, reconsider_room, whisper
from chat.selectors.conversations import conversations_of_workspace, find_conversation_of_channel, find_group_of
from core.events import after_commit
from venues.events import CheckedIn, CheckedOut, VenueStatusChanged
from workspaces.events import ChannelChanged, ChannelDeleted, ChannelMemberRemoved, MemberRemoved, WorkspaceDeleted


def listen() -> None:
    after_commit(events.MessagesPosted)(lambda event: publish(event.messages))
    after_commit(events.MessageEdited)(lambda event: publish((event,)))
    after_commit(events.MessageDeleted)(lambda event: publish((event,)))
    after_commit(events.ReactionChanged)(lambda event: publish((event,)))
    after_commit(events.MessagesRead)(_tell_of_a_receipt)
    after_commit(CheckedIn)(lambda event: reconsider_users([event.user_id]))
    after_commit(CheckedOut)(lambda event: reconsider_users([event.user_id]))
    after_commit(VenueStatusChanged)(_reconsider_group)
    after_commit(MemberRemoved)(lambda event: reconsider_users([event.user_id]))
    after_commit(ChannelMemberRemoved)(lambda event: reconsider_users([event.user_id]))
    after_commit(ChannelChanged)(_reconsider_channel)
    after_commit(ChannelDeleted)(_reconsider_channel)
    after_commit(WorkspaceDeleted)(_reconsider_workspace)


def _tell_of_a_receipt(event: events.MessagesRead) -> None:
    whisper(event.conversation_id, Whisper("read", event.user_id, event.user, others_only=True, seq=event.seq))


def _reconsider_group(event: VenueStatusChanged) -> None:
    group = find_group_of(event.venue_id)
    if group is not None:
        reconsider_room(group.pk)


def _reconsider_channel(event: ChannelChanged | ChannelDeleted) -> None:
    conversation = find_conversation_of_channel(event.channel_id)
    if conversation is not None:
        reconsider_room(conversation.pk)


def _reconsider_workspace(event: WorkspaceDeleted) -> None:
    for conversation_id in conversations_of_workspace(event.workspace_id):
        reconsider_room(conversation_id)
