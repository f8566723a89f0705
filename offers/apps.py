from core.apps import DomainConfig


class OffersConfig(DomainConfig):
    name = "offers"
    verbose_name = "Offers"
