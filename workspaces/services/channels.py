"""Making, changing and ending channels, and who is in the private ones."""

from typing import TypedDict

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from core.errors import NotFound
from core.events import announce
from workspaces import events
from workspaces.errors import AlreadyInChannel, ChannelIsPublic, ChannelNameTaken, ChannelNotYours, MemberUnknown
from workspaces.models import Channel, ChannelMember, Member, Workspace
from workspaces.selectors import get_channel_for
from workspaces.services.locks import lock_place_of


class ChannelFields(TypedDict, total=False):
    """What is to be written; what is missing stays as it is."""

    name: str
    is_private: bool


@transaction.atomic
def create_channel(*, workspace: Workspace, name: str, is_private: bool = False, by: User) -> Channel:
    """Everybody in the workspace may; of a private one they are the first member. Raises ChannelNameTaken."""
    locked = lock_place_of(by, workspace.pk).workspace
    channel = Channel(workspace=locked, name=name, is_private=is_private, created_by=by)
    _save_unless_taken(channel)
    if is_private:
        ChannelMember.objects.create(channel=channel, user=by)
    announce(events.ChannelCreated(channel_id=channel.pk, workspace_id=locked.pk, by_id=by.pk))
    return channel


@transaction.atomic
def change_channel(*, channel: Channel, fields: ChannelFields, by: User) -> Channel:
    """One that becomes private keeps who runs it: who made it, and who does this. One that becomes public is
    everybody's. Raises ChannelNotYours and ChannelNameTaken.
    """
    locked = _lock_channel_run_by(by, channel)
    old = locked.name, locked.is_private
    was_private = locked.is_private
    for name, value in fields.items():
        setattr(locked, name, value)
    if (locked.name, locked.is_private) == old:
        return locked
    _save_unless_taken(locked)
    if was_private and not locked.is_private:
        ChannelMember.objects.filter(channel=locked).delete()
    elif locked.is_private and not was_private:
        _close_around(locked, {by.pk, locked.created_by_id})
    announce(events.ChannelChanged(channel_id=locked.pk, workspace_id=locked.workspace_id, by_id=by.pk))
    return locked


@transaction.atomic
def delete_channel(*, channel: Channel, by: User) -> None:
    """Nobody finds it any more, and its name is free; what was said in it stays stored. Raises ChannelNotYours."""
    end_channel(_lock_channel_run_by(by, channel), by_id=by.pk)


@transaction.atomic
def let_into_channel(*, channel: Channel, user_id: int, by: User) -> Member:
    """Everybody in a private channel may let in others of the workspace.

    Raises ChannelIsPublic, MemberUnknown and AlreadyInChannel.
    """
    locked = _lock_private_channel(by, channel)
    member = Member.objects.select_related("user").filter(workspace=locked.workspace_id, user=user_id).first()
    if member is None:
        raise MemberUnknown
    try:
        with transaction.atomic():
            ChannelMember.objects.create(channel=locked, user_id=user_id)
    except IntegrityError:
        raise AlreadyInChannel from None
    announce(events.ChannelMemberAdded(channel_id=locked.pk, user_id=user_id, by_id=by.pk))
    return member


@transaction.atomic
def put_out_of_channel(*, channel: Channel, user_id: int, by: User) -> None:
    """Oneself, or anybody for who runs it. A private channel ends with its last member.

    Raises ChannelIsPublic, ChannelNotYours, and NotFound for who is not in it.
    """
    locked = _lock_private_channel(by, channel)
    if user_id != by.pk:
        _check_runs(by, locked)
    if not ChannelMember.objects.filter(channel=locked, user=user_id).delete()[0]:
        raise NotFound
    announce(events.ChannelMemberRemoved(channel_id=locked.pk, user_id=user_id, by_id=by.pk))
    _end_if_empty(locked, by_id=by.pk)


def leave_private_channels(locked: Workspace, user_id: int, *, by_id: int) -> None:
    """Of a workspace that is locked."""
    channels = list(Channel.objects.filter(workspace=locked, deleted_at=None, members__user=user_id))
    ChannelMember.objects.filter(channel__workspace=locked, user=user_id).delete()
    for channel in channels:
        _end_if_empty(channel, by_id=by_id)


def end_channel(channel: Channel, *, by_id: int) -> None:
    """Of a workspace that is locked."""
    channel.deleted_at = timezone.now()
    channel.save(update_fields=["deleted_at"])
    ChannelMember.objects.filter(channel=channel).delete()
    announce(events.ChannelDeleted(channel_id=channel.pk, workspace_id=channel.workspace_id, by_id=by_id))


def _end_if_empty(channel: Channel, *, by_id: int) -> None:
    """Nobody could ever be let in again, and the name would be taken for good."""
    if not ChannelMember.objects.filter(channel=channel).exists():
        end_channel(channel, by_id=by_id)


def _lock_channel(by: User, channel: Channel) -> Channel:
    """As stored, while its workspace is locked. Raises NotFound if it is no longer open to them."""
    lock_place_of(by, channel.workspace_id)
    return get_channel_for(by, channel.pk)


def _lock_channel_run_by(by: User, channel: Channel) -> Channel:
    locked = _lock_channel(by, channel)
    _check_runs(by, locked)
    return locked


def _lock_private_channel(by: User, channel: Channel) -> Channel:
    locked = _lock_channel(by, channel)
    if not locked.is_private:
        raise ChannelIsPublic
    return locked


def _check_runs(by: User, channel: Channel) -> None:
    if channel.created_by_id != by.pk and not Member.objects.get(workspace=channel.workspace_id, user=by).runs_it:
        raise ChannelNotYours


def _close_around(channel: Channel, user_ids: set[int]) -> None:
    still_here = Member.objects.filter(workspace=channel.workspace_id, user__in=user_ids)
    inside = [ChannelMember(channel=channel, user_id=user_id) for user_id in still_here.values_list("user", flat=True)]
    ChannelMember.objects.bulk_create(inside)


def _save_unless_taken(channel: Channel) -> None:
    """The constraint decides between two who want the same name at once. Raises ChannelNameTaken."""
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError:
        raise ChannelNameTaken from None
