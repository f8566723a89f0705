"""What workspaces announces."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkspaceCreated:
    workspace_id: int
    by_id: int


@dataclass(frozen=True)
class WorkspaceDeleted:
    workspace_id: int
    by_id: int


@dataclass(frozen=True)
class MemberAdded:
    """`by_id` is who added them; themselves where they took up an invitation."""

    workspace_id: int
    user_id: int
    role: str
    by_id: int


@dataclass(frozen=True)
class MemberRoleChanged:
    workspace_id: int
    user_id: int
    old: str
    new: str
    by_id: int


@dataclass(frozen=True)
class MemberRemoved:
    """`by_id` is themselves where they left."""

    workspace_id: int
    user_id: int
    by_id: int


@dataclass(frozen=True)
class ChannelCreated:
    channel_id: int
    workspace_id: int
    by_id: int


@dataclass(frozen=True)
class ChannelChanged:
    """It has another name, or is private or public now: who may be in it may have changed."""

    channel_id: int
    workspace_id: int
    by_id: int


@dataclass(frozen=True)
class ChannelDeleted:
    channel_id: int
    workspace_id: int
    by_id: int


@dataclass(frozen=True)
class ChannelMemberAdded:
    channel_id: int
    user_id: int
    by_id: int


@dataclass(frozen=True)
class ChannelMemberRemoved:
    channel_id: int
    user_id: int
    by_id: int
