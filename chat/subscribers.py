from accounts.events import AccountAnonymised, CustomerReported
from accounts.selectors import get_report
from accounts.services.privacy import register_export_section
from activity.services import Target, record_activity
from chat import events
from chat.realtime import announcements
from chat.selectors import export
from chat.services.channel_news import MENTION, tell_of_messages
from chat.services.conversations import ensure_channel_conversation
from chat.services.group_news import MUTE, tell_of_mute
from chat.services.privacy import forget_author, keep_evidence
from core.events import with_it
from notifications.kinds import register_kind
from workspaces.events import ChannelCreated

announcements.listen()

register_kind(MENTION)
register_kind(MUTE)

register_export_section("messages", export.held_messages)
register_export_section("private_chats", export.held_private_chats)
register_export_section("channels", export.held_channels)
register_export_section("reactions", export.held_reactions)
register_export_section("mutes", export.held_mutes)


@with_it(ChannelCreated)
def give_a_channel_its_conversation(event: ChannelCreated) -> None:
    ensure_channel_conversation(event.channel_id)


@with_it(events.ChannelMessagesPosted)
def tell_of_what_was_said_in_channels(event: events.ChannelMessagesPosted) -> None:
    tell_of_messages(event.messages)


@with_it(AccountAnonymised)
def forget(event: AccountAnonymised) -> None:
    forget_author(event.user_id)


@with_it(CustomerReported)
def keep_the_reported_message(event: CustomerReported) -> None:
    if event.message_id is not None:
        keep_evidence(get_report(event.report_id), event.message_id)


@with_it(events.Muted)
def write_down_the_mute(event: events.Muted) -> None:
    record_activity(
        type="muted",
        actor_id=event.by_id,
        summary=f"Muted someone in a venue's group until {event.until:%Y-%m-%d %H:%M} UTC",
        target=Target("user", event.user_id),
        details={"conversation": event.conversation_id},
    )


@with_it(events.Muted)
def tell_who_was_muted(event: events.Muted) -> None:
    tell_of_mute(event)


@with_it(events.GroupClosed)
def write_down_the_closing(event: events.GroupClosed) -> None:
    _write_down_the_group("group_closed", "Closed a venue's group", event.conversation_id, event.by_id)


@with_it(events.GroupOpened)
def write_down_the_opening(event: events.GroupOpened) -> None:
    _write_down_the_group("group_opened", "Opened a venue's group", event.conversation_id, event.by_id)


@with_it(events.MessageDeleted)
def write_down_the_removal(event: events.MessageDeleted) -> None:
    """Of what somebody else said; unsaying one's own is nobody's business."""
    if event.by_id != event.sender_id:
        record_activity(
            type="message_removed",
            actor_id=event.by_id,
            summary="Removed someone's message",
            target=Target("message", event.message_id),
            details={"conversation": event.conversation_id, "sender": event.sender_id},
        )


def _write_down_the_group(type: str, summary: str, conversation_id: int, by_id: int) -> None:
    record_activity(type=type, actor_id=by_id, summary=summary, target=Target("conversation", conversation_id))
