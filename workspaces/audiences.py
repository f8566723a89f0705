"""What workspaces call their feeds, and the parts of their people that see more of one than the others."""

# What chat calls it in a feed that something was said in a channel.
MESSAGE_SENT = "message_sent"


def feed_of(workspace_id: int) -> str:
    return f"workspace-{workspace_id}"


def audience_of(channel_id: int) -> str:
    """What happens in a channel is for those who may know of it when they ask: a private one may become public."""
    return f"channel-{channel_id}"


def channel_of(audience: str) -> int | None:
    """The id of the channel whose people it is; None where it is everybody."""
    return int(audience.removeprefix("channel-")) if audience else None
