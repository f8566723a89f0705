import secrets

from django.db.models import QuerySet

from icebreakers.errors import NoIceBreaker
from icebreakers.models import IceBreaker


def ice_breakers(*, level: int | None = None, gender: str | None = None) -> QuerySet[IceBreaker]:
    """The active ones of a level and for a gender; those for any gender are for each."""
    rows = IceBreaker.objects.filter(is_active=True)
    if level is not None:
        rows = rows.filter(level=level)
    if gender is not None:
        rows = rows.filter(gender__in={gender, IceBreaker.Gender.ANY})
    return rows


def get_random_ice_breaker(*, level: int | None = None, gender: str | None = None) -> IceBreaker:
    """Any of them, each as likely as the others, without sorting them all. Raises NoIceBreaker."""
    rows = ice_breakers(level=level, gender=gender)
    count = rows.count()
    position = secrets.randbelow(count) if count else 0
    chosen = rows.order_by("id")[position : position + 1].first()
    if chosen is None:
        raise NoIceBreaker
    return chosen
