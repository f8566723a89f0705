from core.apps import DomainConfig


class BillingConfig(DomainConfig):
    name = "billing"
    verbose_name = "Billing"
