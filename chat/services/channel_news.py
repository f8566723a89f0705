"""What is done because something was said in a channel: its workspace's feed shows it, and who is mentioned is told."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from activity.services import FeedItem, record_in_feed
from chat.events import ChannelMessage
from notifications.kinds import Kind
from notifications.services.inbox import NewNotification, notify
from workspaces.audiences import audience_of, feed_of
from workspaces.models import Channel
from workspaces.selectors import channels_among, members_named

MENTION = Kind("mention", "Somebody mentions you")
MAXIMUM_MENTIONS = 50

# A username's characters; what comes before the @ makes an e-mail address of it, and a full stop may end the sentence.
_MENTION = re.compile(r"(?<![\w.@+-])@([\w.+-][\w.@+-]*)", re.ASCII)
_ENDS_A_SENTENCE = ".-+@"


def tell_of_messages(messages: Sequence[ChannelMessage]) -> None:
    """In a fixed number of statements where nobody is mentioned, and one more for each channel where somebody is."""
    channels = channels_among({one.channel_id for one in messages})
    record_in_feed([_shown(one, channels[one.channel_id]) for one in messages])
    mentions = list(_mentions(messages, channels))
    if mentions:
        notify(mentions)


def names_mentioned(body: str) -> frozenset[str]:
    """Who could be meant, in upper case: "@bob." is bob, or somebody called so with the full stop."""
    found: set[str] = set()
    for name in _MENTION.findall(body)[:MAXIMUM_MENTIONS] if "@" in body else ():
        found |= {name.upper(), name.rstrip(_ENDS_A_SENTENCE).upper()}
    return frozenset(found - {""})


def _shown(said: ChannelMessage, channel: Channel) -> FeedItem:
    return FeedItem(
        feed=feed_of(channel.workspace_id),
        type="message_sent",
        actor_id=said.message.sender_id,
        ref_id=said.message.id,
        summary=f"sent a message in #{channel.name}",
        audience=audience_of(channel.pk),
    )


def _mentions(messages: Sequence[ChannelMessage], channels: dict[int, Channel]) -> Iterator[NewNotification]:
    named = [(one, names) for one in messages if (names := names_mentioned(one.message.body))]
    asked: dict[int, set[str]] = defaultdict(set)
    for one, names in named:
        asked[one.channel_id] |= names
    readers = {channel_id: members_named(channels[channel_id], names) for channel_id, names in asked.items()}
    for one, names in named:
        for reader in readers[one.channel_id]:
            if reader.username.upper() in names:
                yield _told(one, channels[one.channel_id], reader.pk)


def _told(said: ChannelMessage, channel: Channel, recipient_id: int) -> NewNotification:
    return NewNotification(
        recipient_id=recipient_id,
        kind=MENTION.name,
        message=f"mentioned you in #{channel.name}",
        dedupe_key=f"mention:{said.message.id}",
        details={"workspace_id": channel.workspace_id, "channel_id": channel.pk, "message_id": said.message.id},
        actor_id=said.message.sender_id,
    )
