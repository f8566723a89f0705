from core.apps import DomainConfig


class DemoConfig(DomainConfig):
    name = "demo"
    verbose_name = "Demo data"
