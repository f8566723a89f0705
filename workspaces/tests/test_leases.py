"""What is kept of who is there."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.services.privacy import anonymise_account, export_account
from workspaces.models import LastSeen, PresenceLease
from workspaces.services import leases
from workspaces.services.leases import IDLE, ONLINE

pytestmark = pytest.mark.django_db

HERE, THERE = uuid.UUID(int=1), uuid.UUID(int=2)


def held() -> set[tuple[str, uuid.UUID, str]]:
    return set(PresenceLease.objects.values_list("user__username", "node", "status"))


def test_each_process_holds_its_own_leases_and_gives_back_no_others(mate, boss):
    leases.settle_leases(HERE, taken={mate.pk: ONLINE, boss.pk: IDLE}, dropped=())
    leases.settle_leases(THERE, taken={mate.pk: IDLE}, dropped=())
    leases.settle_leases(HERE, taken={boss.pk: ONLINE}, dropped=[mate.pk])

    assert held() == {("mia", THERE, IDLE), ("bo", HERE, ONLINE)}
    assert LastSeen.objects.get().user == mate


def test_leases_last_from_when_their_process_renewed_them(mate, boss):
    with time_machine.travel("2026-01-05T10:00:00Z", tick=False) as clock:
        leases.settle_leases(HERE, taken={mate.pk: ONLINE}, dropped=())
        leases.settle_leases(THERE, taken={boss.pk: ONLINE}, dropped=())
        clock.shift(leases.LEASED_FOR - timedelta(seconds=10))
        leases.renew_leases(HERE)
        clock.shift(timedelta(seconds=11))
        leases.drop_expired_leases()

        assert held() == {("mia", HERE, ONLINE)}
        assert LastSeen.objects.get(user=boss).at == timezone.now() - leases.LEASED_FOR - timedelta(seconds=1)


def test_a_process_that_goes_leaves_its_people_a_moment_to_come_back(mate):
    with time_machine.travel("2026-01-05T10:00:00Z", tick=False) as clock:
        leases.settle_leases(HERE, taken={mate.pk: ONLINE}, dropped=())
        leases.shorten_leases(HERE, timedelta(seconds=5))
        clock.shift(timedelta(seconds=6))
        leases.drop_expired_leases()

        assert held() == set()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_user_who_is_gone_takes_nobody_elses_lease(mate):
    leases.settle_leases(HERE, taken={mate.pk: ONLINE, mate.pk + 1000: ONLINE}, dropped=())

    assert held() == {("mia", HERE, ONLINE)}


def test_a_crowd_takes_few_statements(make_user, django_assert_max_num_queries):
    crowd = [make_user(f"user{number}").pk for number in range(50)]

    with django_assert_max_num_queries(9):
        leases.settle_leases(HERE, taken=dict.fromkeys(crowd, ONLINE), dropped=())
        leases.settle_leases(HERE, taken={}, dropped=crowd)

    assert held() == set()
    assert LastSeen.objects.count() == 50


def test_who_asks_is_told_when_they_were_seen_last(mate, boss):
    seen = LastSeen.objects.create(user=mate, at=timezone.now())

    assert export_account(mate)["last_seen"] == seen.at
    assert export_account(boss)["last_seen"] is None


def test_who_leaves_is_forgotten(mate):
    leases.settle_leases(HERE, taken={mate.pk: ONLINE}, dropped=())
    LastSeen.objects.create(user=mate, at=timezone.now())

    anonymise_account(user=mate, by=mate)

    assert held() == set()
    assert not LastSeen.objects.exists()
