from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from activity.models import ActivityEntry
from workspaces.models import Channel, ChannelMember, Invitation, Member, Workspace

SENT = {"_form_submitted": "on"}
pytestmark = pytest.mark.django_db


def act(client: Client, model: str, action: str, *rows: Any) -> list[str]:
    ticked = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = client.post(reverse(f"admin:workspaces_{model}_changelist"), ticked, follow=True)
    return [str(message) for message in response.context["messages"]]


def roles() -> dict[str, str]:
    return dict(Member.objects.values_list("user__username", "role"))


def test_a_workspace_is_deleted_once(workspace: Workspace, visitor: Client, superuser: User) -> None:
    told = [act(visitor, "workspace", "end", workspace) for _ in range(2)]

    workspace.refresh_from_db()
    assert workspace.deleted_at is not None
    assert told == [["Delete the selected: 1 done."], ["Engineering Team: Not found."]]
    written = ActivityEntry.objects.get(type="workspace_deleted")
    assert (written.actor, written.target_id) == (superuser, str(workspace.pk))


def test_a_workspace_is_deleted_from_its_page(workspace: Workspace, visitor: Client) -> None:
    visitor.post(reverse("admin:workspaces_workspace_end_this", args=[workspace.pk]), SENT)

    workspace.refresh_from_db()
    assert workspace.deleted_at is not None


def test_a_workspace_is_given_to_another_of_its_people(workspace: Workspace, mate: User, visitor: Client) -> None:
    url = reverse("admin:workspaces_workspace_give", args=[workspace.pk])

    visitor.post(url, SENT | {"user_id": mate.pk})
    visitor.post(url, SENT | {"user_id": mate.pk})

    assert roles() == {"bo": "admin", "mia": "owner"}


def test_a_workspace_is_given_to_nobody_else(workspace: Workspace, stranger: User, visitor: Client) -> None:
    url = reverse("admin:workspaces_workspace_give", args=[workspace.pk])

    for user_id in (stranger.pk, 10**30):
        visitor.post(url, SENT | {"user_id": user_id})

    assert roles() == {"bo": "owner"}


def test_people_are_put_out_but_for_the_owner(
    workspace: Workspace, mate: User, boss: User, make_channel: Any, visitor: Client
) -> None:
    make_channel("leads", boss, mate)

    told = act(visitor, "member", "put_out", *Member.objects.all())

    assert roles() == {"bo": "owner"}
    assert list(ChannelMember.objects.values_list("user", flat=True)) == [boss.pk]
    assert "Put the selected out of their workspaces: 1 done." in told


def test_an_invitation_is_withdrawn(invite: Any, visitor: Client) -> None:
    act(visitor, "invitation", "withdraw", invite())

    assert not Invitation.objects.exists()


def test_a_channel_is_deleted_once(make_channel: Any, visitor: Client) -> None:
    channel = make_channel()

    told = [act(visitor, "channel", "end", channel) for _ in range(2)]

    assert Channel.objects.get().deleted_at is not None
    assert told == [["Delete the selected: 1 done."], ["#general: Not found."]]


def test_the_list_counts_people_and_open_channels(
    workspace: Workspace, mate: User, make_channel: Any, make_workspace: Any, visitor: Client
) -> None:
    make_channel()
    make_channel("old", deleted_at=timezone.now())
    Workspace.objects.create(name="Empty", created_by=mate)

    listed = visitor.get(reverse("admin:workspaces_workspace_changelist")).context["cl"].result_list

    assert [(row.name, row.people, row.open_channels) for row in listed] == [
        ("Empty", None, None),
        ("Engineering Team", 2, 1),
    ]
