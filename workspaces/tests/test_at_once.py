"""What many do to one workspace at once, from threads that each have a database connection of their own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import UserType
from core.errors import DomainError
from workspaces.models import Channel, ChannelMember, Invitation, Member, Workspace
from workspaces.services.channels import create_channel, let_into_channel, put_out_of_channel
from workspaces.services.members import (
    add_member,
    change_role,
    leave_every_workspace,
    remove_member,
    take_up_invitations,
)

THREADS = 8
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def at_once(act, these):
    """What became of each call: the kind of what it returned, or the code it was refused with."""
    start = threading.Barrier(THREADS)

    def run(this):
        try:
            return type(act(this)).__name__
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(THREADS, initializer=start.wait) as pool:
        return Counter(pool.map(run, these))


def test_a_channel_s_name_is_given_once(as_user, workspace, boss):
    clients = [as_user(boss) for _ in range(THREADS)]
    start = threading.Barrier(THREADS)

    def create(client):
        try:
            return client.send("POST", "/api/channels/", {"workspace_id": workspace.pk, "name": "random"}).status_code
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(THREADS, initializer=start.wait) as pool:
        answers = Counter(pool.map(create, clients))

    assert answers == {201: 1, 409: THREADS - 1}
    assert Channel.objects.count() == 1


def test_a_workspace_has_one_owner_however_many_are_made_it(workspace, boss, make_user, join):
    heirs = [join(make_user(f"m{number}"), workspace) for number in range(THREADS)]

    outcomes = at_once(lambda heir: change_role(workspace=workspace, user_id=heir.pk, role="owner", by=boss), heirs)

    assert outcomes == {"Member": 1, "not_the_owner": THREADS - 1}
    roles = Counter(Member.objects.values_list("role", flat=True))
    assert roles == {"owner": 1, "admin": 1, "member": THREADS - 1}


def test_somebody_is_added_once(workspace, boss, known):
    outcomes = at_once(
        lambda _: add_member(workspace=workspace, email=known.email, role="member", by=boss), range(THREADS)
    )

    assert outcomes == {"Member": 1, "already_member": THREADS - 1}
    assert Member.objects.filter(user=known).count() == 1


def test_an_invitation_is_kept_once_and_taken_up_once(workspace, boss, make_user, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"workspace_invitation_address": "100/day"}
    invited = at_once(
        lambda _: add_member(workspace=workspace, email="nora@example.com", role="member", by=boss), range(THREADS)
    )
    kept = Invitation.objects.count()
    new = make_user("nora", UserType.MEMBER)

    at_once(lambda _: take_up_invitations(user_id=new.pk, email=new.email), range(THREADS))

    assert (invited, kept) == ({"Invitation": THREADS}, 1)
    assert (Invitation.objects.count(), Member.objects.filter(user=new).count()) == (0, 1)


def test_somebody_is_let_into_a_channel_once(workspace, boss, mate, make_channel):
    channel = make_channel("leads", boss)

    outcomes = at_once(lambda _: let_into_channel(channel=channel, user_id=mate.pk, by=boss), range(THREADS))

    assert outcomes == {"Member": 1, "already_in_channel": THREADS - 1}
    assert ChannelMember.objects.filter(user=mate).count() == 1


def test_nobody_is_in_a_private_channel_of_a_workspace_they_are_out_of(workspace, boss, make_user, join, make_channel):
    people = [join(make_user(f"m{number}"), workspace) for number in range(THREADS // 2)]
    channel = make_channel("leads", boss)
    acts = [(let_into_channel, {"channel": channel}), (remove_member, {"workspace": workspace})]
    calls = [(act, {**on, "user_id": user.pk, "by": boss}) for user in people for act, on in acts]

    at_once(lambda call: call[0](**call[1]), calls)

    inside = set(ChannelMember.objects.values_list("user", flat=True))
    assert inside == {boss.pk} == set(Member.objects.values_list("user", flat=True))


def test_the_last_two_who_leave_a_private_channel_end_it(workspace, boss, mate, make_channel):
    channels = [make_channel(f"c{number}", boss, mate) for number in range(THREADS // 2)]
    calls = [(channel, user) for channel in channels for user in (boss, mate)]

    at_once(lambda call: put_out_of_channel(channel=call[0], user_id=call[1].pk, by=call[1]), calls)

    assert not Channel.objects.filter(deleted_at=None).exists()
    assert not ChannelMember.objects.exists()


def test_a_workspace_that_everybody_leaves_at_once_ends(workspace, boss, make_user, join):
    people = [join(make_user(f"m{number}"), workspace, "admin") for number in range(THREADS - 1)]

    at_once(lambda user: leave_every_workspace(user.pk), [boss, *people])

    assert Workspace.objects.get().deleted_at is not None
    assert not Member.objects.exists()


def test_a_channel_made_while_its_maker_is_taken_out_is_nobody_s_secret(workspace, boss, make_user, join):
    people = [join(make_user(f"m{number}"), workspace) for number in range(THREADS // 2)]
    calls = [
        call
        for user in people
        for call in (
            lambda user=user: create_channel(workspace=workspace, name=user.username, is_private=True, by=user),
            lambda user=user: remove_member(workspace=workspace, user_id=user.pk, by=boss),
        )
    ]

    at_once(lambda call: call(), calls)

    assert not ChannelMember.objects.exists()
    assert not Channel.objects.filter(deleted_at=None).exists()
