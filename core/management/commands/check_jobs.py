from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.jobs import HEARTBEAT, find_job

SILENT_AFTER = timedelta(minutes=3)


class Command(BaseCommand):
    help = "Fail unless a job consumer has lately looked for what is due, which it does every minute."

    def handle(self, *args: Any, **options: Any) -> None:
        job = find_job(HEARTBEAT)
        if job is None or job.succeeded_at is None or job.succeeded_at < timezone.now() - SILENT_AFTER:
            raise CommandError("No job consumer has been at work for three minutes.")
