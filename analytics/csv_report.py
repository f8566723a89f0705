"""The report as a CSV file, made line by line."""

import csv
from collections.abc import Iterable, Iterator
from unicodedata import normalize

from analytics.platform import Moment
from analytics.report import Kind, ReportMonth, report_rows

_, *FIGURES = ReportMonth._fields
HEADER = ("month", "kind", "id", "name", "plan", "currency", *FIGURES)
# What a spreadsheet takes for the beginning of a formula.
FORMULA = tuple("=+-@\t\r\n")


class _Line:
    """What csv.writer writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(kinds: Iterable[Kind], moment: Moment) -> Iterator[str]:
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
