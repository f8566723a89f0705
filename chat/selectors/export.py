"""What chat holds on a person, for their export: their own words, not those of others."""

from collections.abc import Mapping

from django.db.models import F, OuterRef, Subquery

from accounts.models import User
from chat.models import Conversation, Message, Mute, Participant, Reaction

Rows = list[Mapping[str, object]]


def held_messages(user: User) -> Rows:
    messages = Message.objects.filter(sender=user, deleted_at=None).order_by("pk")
    return list(
        messages.values(
            "id",
            "body",
            "created_at",
            "edited_at",
            chat_id=F("conversation"),
            kind=F("conversation__kind"),
            channel=F("conversation__channel"),
        )
    )


def held_private_chats(user: User) -> Rows:
    theirs = Participant.objects.filter(conversation=OuterRef("conversation")).exclude(user=user)
    mine = Participant.objects.filter(user=user, conversation__kind=Conversation.Kind.PRIVATE).order_by("conversation")
    with_whom = mine.annotate(participant=Subquery(theirs.values("user__username")[:1]))
    return list(with_whom.values("participant", "joined_at", "last_read_seq", chat_id=F("conversation")))


def held_channels(user: User) -> Rows:
    """Up to where they have read in each."""
    mine = Participant.objects.filter(user=user, conversation__kind=Conversation.Kind.CHANNEL).order_by("conversation")
    return list(mine.values("last_read_seq", channel=F("conversation__channel")))


def held_reactions(user: User) -> Rows:
    return list(Reaction.objects.filter(user=user).order_by("pk").values("message_id", "emoji", "created_at"))


def held_mutes(user: User) -> Rows:
    return list(Mute.objects.filter(user=user).order_by("pk").values("until", venue=F("conversation__venue")))
