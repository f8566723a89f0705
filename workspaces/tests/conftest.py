from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User, UserType
from workspaces.models import Channel, ChannelMember, Member, Role, Workspace

MakeWorkspace = Callable[..., Workspace]
MakeChannel = Callable[..., Channel]


@pytest.fixture
def boss(make_user: Callable[..., User]) -> User:
    """Owns `workspace`."""
    return make_user("bo", UserType.MEMBER)


@pytest.fixture
def aide(make_user: Callable[..., User], workspace: Workspace) -> User:
    """An admin of `workspace`."""
    return _joined(make_user("ada", UserType.MEMBER), workspace, Role.ADMIN)


@pytest.fixture
def mate(make_user: Callable[..., User], workspace: Workspace) -> User:
    """A member of `workspace`."""
    return _joined(make_user("mia", UserType.MEMBER), workspace, Role.MEMBER)


@pytest.fixture
def stranger(make_user: Callable[..., User]) -> User:
    return make_user("sam", UserType.MEMBER)


@pytest.fixture
def make_workspace(boss: User) -> MakeWorkspace:
    def make(name: str = "Engineering Team", *, owner: User = boss, **fields: Any) -> Workspace:
        workspace = Workspace.objects.create(name=name, created_by=owner, **fields)
        _joined(owner, workspace, Role.OWNER)
        return workspace

    return make


@pytest.fixture
def workspace(make_workspace: MakeWorkspace) -> Workspace:
    return make_workspace()


@pytest.fixture
def make_channel(workspace: Workspace) -> MakeChannel:
    def make(name: str = "general", *inside: User, **fields: Any) -> Channel:
        fields = {"workspace": workspace, "created_by": workspace.created_by, "is_private": bool(inside), **fields}
        channel = Channel.objects.create(name=name, **fields)
        ChannelMember.objects.bulk_create(ChannelMember(channel=channel, user=user) for user in inside)
        return channel

    return make


def _joined(user: User, workspace: Workspace, role: Role) -> User:
    Member.objects.create(workspace=workspace, user=user, role=role)
    return user
