from datetime import timedelta

import time_machine
from django.utils import timezone

from accounts import tasks
from accounts.models import OneTimePassword, Session
from accounts.services.one_time_passwords import Asker, request_one_time_password
from conftest import open_pub_session


def test_the_sweep_makes_the_codes_whose_job_was_lost(customer, issued_codes):
    asked = request_one_time_password(surface="pub", asker=Asker(email=customer.email))

    tasks.sweep_one_time_passwords.call_local()
    tasks.sweep_one_time_passwords.call_local()

    assert [issued.one_time_password_id for issued in issued_codes] == [asked.pk]


def test_the_nightly_purge_forgets_what_is_long_over(customer):
    open_pub_session(customer)
    request_one_time_password(surface="pub", asker=Asker(email=customer.email))

    with time_machine.travel(timezone.now() + timedelta(days=40)):
        tasks.purge_accounts.call_local()

    assert not Session.objects.exists()
    assert not OneTimePassword.objects.exists()
