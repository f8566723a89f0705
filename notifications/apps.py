from core.apps import DomainConfig


class NotificationsConfig(DomainConfig):
    name = "notifications"
    verbose_name = "Notifications"
