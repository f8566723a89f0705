from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from demo.management.commands.load_demo_data import load
from offers.api.pub import DELETE_EXAMPLE, REDEEM_EXAMPLE
from offers.selectors import get_standing_offer
from venues.models import Venue

pytestmark = pytest.mark.django_db


def run() -> str:
    output = StringIO()
    call_command("load_demo_data", stdout=output)
    return output.getvalue()


def test_demo_data_refuses_outside_debug():
    with pytest.raises(CommandError, match="only where DEBUG is on"):
        run()

    assert not User.objects.exists()


def test_demo_data_refuses_a_database_that_holds_other_data(settings, customer):
    settings.DEBUG = True

    with pytest.raises(CommandError, match="holds other data"):
        run()

    assert User.objects.get() == customer


def test_demo_data_loads_once_and_new_rows_are_numbered_behind_it(settings):
    settings.DEBUG = True
    load()
    users = User.objects.count()

    assert run() == "Demo data is already there.\n"
    assert User.objects.count() == users
    assert Venue.objects.create(name="The fifth").pk == 5
    assert User.objects.create_user("new", "new@example.com", "x", user_type_id="customer").pk == users + 1


def test_every_customer_and_owner_of_the_documents_can_sign_in():
    load()

    passwords = {f"c{number}": "abcd@123" for number in range(1, 6)} | {"owner1": "abcd@123", "admin": "admin"}
    assert all(User.objects.get(username=name).check_password(password) for name, password in passwords.items())
    assert User.objects.get(pk=1).username == "c1"


def test_the_offers_that_the_api_examples_name_are_at_venue_3():
    load()

    named = [REDEEM_EXAMPLE["offer_id"], DELETE_EXAMPLE["id"]]
    assert [get_standing_offer(UUID(offer_id)).venue_id for offer_id in named] == [3, 3]
