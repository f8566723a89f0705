"""What workspaces call their feeds, and the parts of their people that see more of one than the others."""

from workspaces.models import Channel

# What chat calls it in a feed that something was said in a channel.
MESSAGE_SENT = "message_sent"


def feed_of(workspace_id: int) -> str:
    return f"workspace-{workspace_id}"


def audience_of(channel: Channel) -> str:
    """What happens in a private channel is for those who are in it."""
    return private_audience(channel.pk) if channel.is_private else ""


def private_audience(channel_id: int) -> str:
    return f"channel-{channel_id}"


def channel_of(audience: str) -> int | None:
    """The id of the private channel whose members it is; None where it is everybody."""
    return int(audience.removeprefix("channel-")) if audience else None
