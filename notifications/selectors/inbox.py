from django.db.models import QuerySet

from accounts.models import User
from notifications.models import Notification


def inbox_of(user: User) -> QuerySet[Notification]:
    """What they were told of in the app, each with whose doing it was."""
    return Notification.objects.filter(recipient=user, in_app=True).select_related("actor")


def unread_of(user: User) -> QuerySet[Notification]:
    return inbox_of(user).filter(read_at=None)


def count_unread(user: User) -> int:
    return unread_of(user).count()
