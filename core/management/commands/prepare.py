from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Bring everything to where the server can start: migrations, then demo data (DEBUG) or static files."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if not settings.DEBUG:
            call_command("collectstatic", verbosity=0, interactive=False)
        else:
            self._load_demo_data()

    def _load_demo_data(self) -> None:
        try:
            call_command("load_demo_data", stdout=self.stdout)
        except CommandError as refusal:
            self.stdout.write(f"Demo data was not loaded. {refusal}")
