import pytest
from django.urls import reverse
from django.utils import timezone

from core.admin import duration
from core.models import Job


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.020050396999977238, "20 ms"), (1.25, "1.2 s"), (59.4, "59.4 s"), (119.7, "2 min 0 s"), (7261, "121 min 1 s")],
)
def test_how_long_something_took_is_told_in_words(seconds, words):
    assert duration(seconds) == words


@pytest.mark.django_db
def test_jobs_are_listed_with_their_times_in_words(client, superuser):
    client.force_login(superuser)
    Job.objects.create(name="core.note", schedule="17 3", last_seconds=0.020050396999977238, ended_at=timezone.now())

    shown = client.get(reverse("admin:core_job_changelist")).content.decode()

    assert "20 ms" in shown
    assert "daily at 03:17 UTC" in shown
    assert "0.0200" not in shown
