"""The report as a CSV file, made line by line."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import normalize

from django.db import transaction

from accounts.models import User
from analytics.events import ReportExported
from analytics.platform import Moment
from analytics.report import Kind, ReportMonth, report_rows
from core.events import announce

_, *FIGURES = ReportMonth._fields
HEADER = ("month", "kind", "id", "name", "plan", "currency", *FIGURES)
# What a spreadsheet takes for the beginning of a formula.
FORMULA = tuple("=+-@\t\r\n")


class _Line:
    """What csv.writer writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


@transaction.atomic
def export_report(kinds: Sequence[Kind], moment: Moment, *, by: User) -> Iterator[str]:
    """The file's lines, made as they are asked for. That it was given is written down before the first."""
    announce(ReportExported(by_id=by.pk, kinds=tuple(kind.value for kind in kinds), currency=moment.currency))
    return _csv_lines(kinds, moment)


def _csv_lines(kinds: Iterable[Kind], moment: Moment) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(HEADER)
    for kind in kinds:
        for row in report_rows(kind, moment):
            label = (row.kind.value, row.id, as_text(row.name), as_text(row.plan or ""), moment.currency)
            for each in row.months:
                _, *figures = each
                yield writer.writerow((each.label, *label, *figures))


def as_text(value: str) -> str:
    """With an apostrophe before what would be a formula, in either width, as spreadsheets themselves mark text."""
    return f"'{value}" if normalize("NFKC", value).lstrip(" ").startswith(FORMULA) else value
