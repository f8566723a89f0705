from core.apps import DomainConfig


class AnalyticsConfig(DomainConfig):
    name = "analytics"
    verbose_name = "Analytics"
