from core.apps import DomainConfig


class ActivityConfig(DomainConfig):
    name = "activity"
    verbose_name = "Activity"
