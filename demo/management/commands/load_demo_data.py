import random
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from demo.billing import plant_billing
from demo.history import plant_current_offers, plant_history, plant_private_chat
from demo.people import make_customers, make_guests, make_staff, make_venues
from demo.pulseboard import Team, plant_workspace
from icebreakers.csv_files import read_rows
from icebreakers.services import import_ice_breakers
from venues.models import Venue


class Command(BaseCommand):
    help = "Load the demo data the client documents' examples work on. Refuses outside DEBUG; loads once."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Demo data has published passwords: it loads only where DEBUG is on.")
        if User.objects.filter(username="c1").exists():
            self.stdout.write("Demo data is already there.")
            return
        if User.objects.exists() or Venue.objects.exists():
            raise CommandError("This database holds other data; demo data goes into a fresh one.")
        load()
        self.stdout.write("Demo data loaded: sign in as c1 … c5, owner1 (abcd@123) or admin (admin).")


@transaction.atomic
def load() -> None:
    chance = random.Random(7)  # noqa: S311 - demo data, the same every time
    now = timezone.now()
    customers = make_customers()
    _continue_sequences_after("accounts")
    owner = make_staff()
    guests = make_guests(now, chance)
    venues = make_venues(owner, now)
    _continue_sequences_after("venues")
    plant_private_chat(customers[0], customers[2], now)
    _continue_sequences_after("chat")
    plant_workspace(Team(owner=customers[0], member=customers[1], admin=customers[2]), now)
    _continue_sequences_after("workspaces")
    _continue_sequences_after("chat")
    plant_current_offers(venues, now)
    plant_history(venues, guests, now, chance)
    plant_billing(now)
    _continue_sequences_after("billing")
    ice_breakers = Path(apps.get_app_config("icebreakers").path) / "data" / "ice_breakers.csv"
    import_ice_breakers(read_rows(ice_breakers.read_bytes()))


def _continue_sequences_after(app_label: str) -> None:
    """Rows were made with ids of our choice; the database's own numbering must go on behind them."""
    models = list(apps.get_app_config(app_label).get_models())
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
