"""Many screens ask at the moment of rotation, each from a thread with a database connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from venues.models import VarId
from venues.services.var_ids import generate_var_id, show_var_id

SCREENS = 12
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def at_once(act):
    """What each of the threads' calls returned."""
    start = Barrier(SCREENS)

    def run(_):
        start.wait()
        try:
            return act()
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(SCREENS) as pool:
        return list(pool.map(run, range(SCREENS)))


def test_first_var_id_is_made_once(venue):
    shown = at_once(lambda: show_var_id(venue=venue).value)

    assert shown == [VarId.objects.get().value] * SCREENS


def test_due_rotation_happens_once(venue):
    now = timezone.now()
    old = VarId.objects.create(
        venue=venue,
        value="old",
        valid_from=now - timedelta(hours=23, minutes=55),
        valid_until=now + timedelta(minutes=5),
        is_shown=True,
    )

    shown = at_once(lambda: show_var_id(venue=venue).value)

    assert shown == [VarId.objects.exclude(pk=old.pk).get().value] * SCREENS


def test_each_generation_makes_one_and_the_last_is_shown(venue, owner):
    made = at_once(lambda: generate_var_id(venue=venue, by=owner).value)

    assert sorted(made) == sorted(VarId.objects.values_list("value", flat=True))
    assert VarId.objects.filter(is_shown=True).count() == 1
