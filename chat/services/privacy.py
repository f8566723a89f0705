"""What chat does when somebody leaves, and what it keeps when somebody complains."""

from accounts.models import Report
from chat.models import Conversation, Evidence, Message, Mute, Participant
from chat.selectors.history import find_seen_message


def forget_author(user_id: int) -> None:
    """The person has left; their messages stay, said by an account that is nobody's.

    The words are half of somebody else's conversation, so they are not taken from them: what ties them to a person is
    the account, which accounts has blanked. What only the person's own devices knew, where they had read, and what
    was held against them, goes. Who wants their words gone as well deletes the messages first.
    """
    Message.objects.filter(sender=user_id).exclude(client_id=None).update(client_id=None)
    Mute.objects.filter(user=user_id).delete()
    Participant.objects.filter(user=user_id, conversation__kind=Conversation.Kind.CHANNEL).delete()


def keep_evidence(report: Report, message_id: int) -> None:
    """Copy the reported message as it is now, if the reporter can or could see it and it still says something."""
    reporter = report.reporter
    message = find_seen_message(reporter, message_id) if reporter is not None else None
    if message is None or message.deleted_at is not None:
        return
    Evidence.objects.create(
        report=report, message=message, sender=message.sender, body=message.body, sent_at=message.created_at
    )
