from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class DomainConfig(AppConfig):
    """An app of this project: its subscribers listen, and its schema extensions are known, from the start."""

    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if find_spec(f"{self.name}.subscribers"):
            import_module(f"{self.name}.subscribers")


class CoreConfig(DomainConfig):
    name = "core"
    verbose_name = "Kernel"
