from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User, UserType
from workspaces.models import Channel, ChannelMember, Invitation, Member, Role, Workspace

MakeWorkspace = Callable[..., Workspace]
MakeChannel = Callable[..., Channel]
Join = Callable[..., User]


@pytest.fixture
def boss(make_user: Callable[..., User]) -> User:
    """Owns `workspace`."""
    return make_user("bo", UserType.MEMBER)


@pytest.fixture
def aide(make_user: Callable[..., User], workspace: Workspace, join: Join) -> User:
    """An admin of `workspace`."""
    return join(make_user("ada", UserType.MEMBER), workspace, Role.ADMIN)


@pytest.fixture
def mate(make_user: Callable[..., User], workspace: Workspace, join: Join) -> User:
    """A member of `workspace`."""
    return join(make_user("mia", UserType.MEMBER), workspace)


@pytest.fixture
def known(make_user: Callable[..., User]) -> User:
    """Somebody who has proved their address, and is in no workspace."""
    return make_user("nora", UserType.MEMBER, first_name="Nora", last_name="Ray", email_proved_at=timezone.now())


@pytest.fixture
def join() -> Join:
    def join(user: User, workspace: Workspace, role: Role = Role.MEMBER) -> User:
        Member.objects.create(workspace=workspace, user=user, role=role)
        return user

    return join


@pytest.fixture
def make_workspace(boss: User, join: Join) -> MakeWorkspace:
    def make(name: str = "Engineering Team", *, owner: User = boss, **fields: Any) -> Workspace:
        workspace = Workspace.objects.create(name=name, created_by=owner, **fields)
        join(owner, workspace, Role.OWNER)
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


@pytest.fixture
def invite(workspace: Workspace) -> Callable[..., Invitation]:
    def invite(email: str = "new@example.com", **fields: Any) -> Invitation:
        ends = timezone.now() + timedelta(days=1)
        fields = {"workspace": workspace, "invited_by": workspace.created_by, "expires_at": ends, **fields}
        return Invitation.objects.create(email=email, **fields)

    return invite
