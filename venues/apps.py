from core.apps import DomainConfig


class VenuesConfig(DomainConfig):
    name = "venues"
    verbose_name = "Venues"
