"""The domain both test contracts speak of: counters, kept in a table the kernel has anyway."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from core import errors
from core.models import RateWindow


class CounterTaken(errors.Conflict):
    code = "counter_taken"
    message = "There is a counter of that name."

    def __init__(self) -> None:
        super().__init__(fields={"counter_name": [self.message]})


class CounterFull(errors.Invalid):
    code = "counter_full"
    message = "This counter is full."


@transaction.atomic
def open_counter(*, counter_name: str, first_count: int = 0, started_at: datetime | None = None) -> RateWindow:
    """Raises CounterTaken."""
    try:
        with transaction.atomic():
            return RateWindow.objects.create(
                key=counter_name, count=first_count, started_at=started_at or timezone.now()
            )
    except IntegrityError:
        raise CounterTaken from None


def count_up(*, counter_name: str) -> int:
    RateWindow.objects.filter(key=counter_name).update(count=F("count") + 1)
    return get_counter(counter_name).count


def try_counter(*, counter_name: str) -> None:
    """Count one try, which stays counted, and refuse. Raises CounterFull."""
    RateWindow.objects.filter(key=counter_name).update(count=F("count") + 1)
    raise CounterFull


def break_after_counting(*, counter_name: str) -> None:
    RateWindow.objects.filter(key=counter_name).update(count=F("count") + 1)
    raise ZeroDivisionError(f"canary-{counter_name}")


def get_counter(counter_name: str) -> RateWindow:
    """Raises NotFound."""
    counter = RateWindow.objects.filter(key=counter_name).first()
    if counter is None:
        raise errors.NotFound
    return counter


def counters() -> QuerySet[RateWindow]:
    return RateWindow.objects.all()
