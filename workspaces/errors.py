from core import errors


class NotAnAdmin(errors.Forbidden):
    code = "not_an_admin"
    message = "Only the workspace's admins may do this."


class NotTheOwner(errors.Forbidden):
    code = "not_the_owner"
    message = "Only the workspace's owner may do this."


class ChannelNotYours(errors.Forbidden):
    code = "channel_not_yours"
    message = "Only who made the channel and the workspace's admins may do this."


class Blocked(errors.Forbidden):
    """The same whoever of the two has blocked the other."""

    code = "blocked"
    message = "You cannot add them to a workspace."


class AlreadyMember(errors.Conflict):
    code = "already_member"
    message = "They are in the workspace already."


class OwnerStays(errors.Conflict):
    code = "owner_stays"
    message = "The owner can neither leave nor be another thing before somebody else is made the owner."


class ChannelNameTaken(errors.Conflict):
    code = "channel_name_taken"
    message = "The workspace has a channel of this name."


class ChannelIsPublic(errors.Conflict):
    code = "channel_is_public"
    message = "Everybody in the workspace is in a public channel."


class AlreadyInChannel(errors.Conflict):
    code = "already_in_channel"
    message = "They are in the channel already."


class MemberUnknown(errors.Invalid):
    code = "member_unknown"
    message = "Nobody in the workspace has this id."

    def __init__(self) -> None:
        super().__init__(fields={"user_id": [self.message]})
