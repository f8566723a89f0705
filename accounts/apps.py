from core.apps import DomainConfig


class AccountsConfig(DomainConfig):
    name = "accounts"
    verbose_name = "Accounts"
