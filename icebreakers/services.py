from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from icebreakers.csv_files import Row
from icebreakers.errors import ImportRefused
from icebreakers.models import IceBreaker

MAXIMUM_TEXT = 500
LEVELS = range(1, 6)
AT_ONCE = 300

Key = tuple[str, int, str]


@dataclass(frozen=True)
class ImportReport:
    """`bad` maps `line 3` to the reasons why that line was left out."""

    imported: int
    duplicates: int
    bad: dict[str, list[str]] = field(default_factory=dict)


@transaction.atomic
def import_ice_breakers(rows: Iterable[Row], *, skip_bad: bool = False) -> ImportReport:
    """Store the rows that are not there yet. What is there, or comes twice, is counted and left as it is.

    All or nothing: one bad row and nothing is stored, unless `skip_bad`. Raises ImportRefused naming every bad line.
    """
    rows = list(rows)
    bad = {f"line {row.line}": reasons for row in rows if (reasons := _faults(row))}
    if bad and not skip_bad:
        raise ImportRefused(fields=bad)
    good = [_key(row) for row in rows if f"line {row.line}" not in bad]
    new = _not_stored(list(dict.fromkeys(good)))
    IceBreaker.objects.bulk_create(
        [IceBreaker(text=text, level=level, gender=gender) for text, level, gender in new],
        ignore_conflicts=True,
        batch_size=AT_ONCE,
    )
    return ImportReport(imported=len(new), duplicates=len(good) - len(new), bad=bad)


def _faults(row: Row) -> list[str]:
    faults = []
    text = row.text.strip()
    if not text:
        faults.append("The text is missing.")
    if len(text) > MAXIMUM_TEXT:
        faults.append(f"The text has {len(text)} characters; {MAXIMUM_TEXT} are allowed.")
    if "\0" in text:
        faults.append("The text holds a NUL character.")
    if row.level.strip() not in {str(level) for level in LEVELS}:
        faults.append("The level must be 1 to 5.")
    if row.gender.strip().lower() not in IceBreaker.Gender.values:
        faults.append("The gender must be male, female or any.")
    return faults


def _key(row: Row) -> Key:
    return row.text.strip(), int(row.level), row.gender.strip().lower()


def _not_stored(keys: Sequence[Key]) -> list[Key]:
    stored: set[Key] = set()
    for start in range(0, len(keys), AT_ONCE):
        texts = [text for text, _, _ in keys[start : start + AT_ONCE]]
        stored.update(IceBreaker.objects.filter(text__in=texts).values_list("text", "level", "gender"))
    return [key for key in keys if key not in stored]
