"""What other apps ask of this one: a mail, and a notification."""

from notifications.services.inbox import NewNotification, OwnMail, notify
from notifications.services.mails import queue_mail

__all__ = ("NewNotification", "OwnMail", "notify", "queue_mail")
