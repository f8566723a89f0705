from core.apps import DomainConfig


class IceBreakersConfig(DomainConfig):
    name = "icebreakers"
    verbose_name = "Ice breakers"
