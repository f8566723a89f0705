from datetime import datetime

from core import errors


class ChatWithOneself(errors.Invalid):
    code = "chat_with_oneself"
    message = "You cannot chat with yourself."

    def __init__(self) -> None:
        super().__init__(fields={"username": [self.message]})


class Blocked(errors.Forbidden):
    """The same whoever of the two has blocked the other."""

    code = "blocked"
    message = "You cannot write to each other."


class NotAtVenue(errors.Forbidden):
    code = "not_at_venue"
    message = "You are not at this venue."


class Muted(errors.Forbidden):
    """`details` holds `until`, a datetime."""

    code = "muted"
    message = "You are muted in this group."

    def __init__(self, until: datetime | None = None) -> None:
        super().__init__(details={"until": until} if until else None)


class GroupClosed(errors.Forbidden):
    code = "group_closed"
    message = "This group is closed."


class CannotBeMuted(errors.Invalid):
    code = "cannot_be_muted"
    message = "The venue's owner and superusers cannot be muted."


class MessageRefused(errors.Invalid):
    code = "message_invalid"
    message = "A message is 1 to 4000 characters of text."


class ClientIdRefused(errors.Invalid):
    code = "client_id_invalid"
    message = "A client_id is at most 64 characters of text."


class EmojiRefused(errors.Invalid):
    code = "emoji_invalid"
    message = "This is not an emoji."


class TooManyReactions(errors.Conflict):
    code = "too_many_reactions"
    message = "You have left as many reactions under this message as there may be."


class NotYourMessage(errors.Forbidden):
    code = "not_your_message"
    message = "This message is not yours."


class EditTooLate(errors.Forbidden):
    code = "edit_too_late"
    message = "A message can be edited for 15 minutes."


class MessageIsDeleted(errors.Gone):
    code = "message_deleted"
    message = "This message was deleted."


class NotJoined(errors.Conflict):
    code = "not_joined"
    message = "Join this channel first."


class TooManyChannels(errors.Conflict):
    code = "too_many_channels"
    message = "One socket hears at most 200 channels."


class VarIdExpired(errors.Gone):
    code = "var_id_expired"
    message = "This var_id has expired."


class NotStored(errors.Conflict):
    """The database refused this one message; those sent together with it are not concerned."""

    code = "not_stored"
    message = "The message could not be stored."


class ConversationHeld(errors.Unavailable):
    """Another transaction holds the conversation's row: what is said there has to wait for it. No client is told so."""
